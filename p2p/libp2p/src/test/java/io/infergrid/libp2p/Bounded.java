package io.infergrid.libp2p;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Runs a decoder on what a stranger may have sent and checks that it takes no more memory than a small multiple of that. */
public final class Bounded {

    /** An exception with its trace and message takes some; a length believed before it was checked takes far more. */
    private static final long MAX_BYTES = 256 * 1024;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Bounded() {}

    /** What decodes; it may throw what it declares. */
    public interface Decoding {
        void run() throws Exception;
    }

    public static void memory(Decoding decoding) throws Exception {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            decoding.run();
        } finally {
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(MAX_BYTES);
        }
    }
}

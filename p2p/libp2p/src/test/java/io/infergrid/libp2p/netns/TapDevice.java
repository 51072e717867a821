package io.infergrid.libp2p.netns;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A network interface of Linux whose other end is this process: what the kernel sends over it is read here, one Ethernet frame at a time,
 * whole and with its checksums, since it is told of no offloads. It stays ours when it is moved to another namespace. One thread
 * may read while another writes.
 */
final class TapDevice implements AutoCloseable {

    static final int MAX_FRAME = 9216;

    private static final int O_RDWR = 2;
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TAP = 2;
    private static final short IFF_NO_PI = 0x1000;
    private static final int IFREQ_BYTES = 40;
    private static final int FLAGS_AT = 16; // behind the name

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERROR = STATE.varHandle(StructLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN =
            handle("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL = handle(
            "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ =
            handle("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle WRITE =
            handle("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private static MethodHandle handle(String name, FunctionDescriptor shape, Linker.Option... options) {
        var all = new Linker.Option[options.length + 1];
        all[0] = ERRNO;
        System.arraycopy(options, 0, all, 1, options.length);
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), shape, all);
    }

    private final int descriptor;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment reading = arena.allocate(MAX_FRAME);
    private final MemorySegment readState = arena.allocate(STATE);
    private final MemorySegment writing = arena.allocate(MAX_FRAME);
    private final MemorySegment writeState = arena.allocate(STATE);

    /** Makes the interface in the namespace of this process. */
    TapDevice(String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= FLAGS_AT) {
            throw new IOException("expected a name of up to 15 bytes for an interface, found " + name);
        }
        try (var short_ = Arena.ofConfined()) {
            var state = short_.allocate(STATE);
            descriptor = (int) call("open /dev/net/tun", state, (int)
                    OPEN.invokeExact(state, short_.allocateFrom("/dev/net/tun"), O_RDWR));
            var request = short_.allocate(IFREQ_BYTES);
            MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
            request.set(JAVA_SHORT, FLAGS_AT, (short) (IFF_TAP | IFF_NO_PI));
            long _ = call("TUNSETIFF", state, (int) IOCTL.invokeExact(state, descriptor, TUNSETIFF, request));
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static long call(String what, MemorySegment state, long result) throws IOException {
        if (result < 0) {
            throw new IOException(String.format(Locale.ROOT, "%s: errno %d", what, (int) ERROR.get(state, 0L)));
        }
        return result;
    }

    /** The next frame that the kernel sends; blocks. */
    byte[] read() throws IOException {
        try {
            long length =
                    call("read", readState, (long) READ.invokeExact(readState, descriptor, reading, (long) MAX_FRAME));
            return reading.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Hands the kernel a frame, as if it had come over a cable. */
    void write(byte[] frame) throws IOException {
        try {
            MemorySegment.copy(frame, 0, writing, JAVA_BYTE, 0, frame.length);
            long _ = call("write", writeState, (long)
                    WRITE.invokeExact(writeState, descriptor, writing, (long) frame.length));
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try (var short_ = Arena.ofConfined()) {
            int _ = (int) CLOSE.invokeExact(short_.allocate(STATE), descriptor);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}

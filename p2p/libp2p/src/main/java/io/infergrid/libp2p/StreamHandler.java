package io.infergrid.libp2p;

import java.io.IOException;

/** Serves one inbound stream, on a virtual thread of its own. */
@FunctionalInterface
public interface StreamHandler {

    /** When it returns, what it wrote is sent and our half ends; when it throws, the stream is reset. */
    void handle(Stream stream) throws IOException;

    /** One that also wants to know over which connection the stream came. */
    @FunctionalInterface
    interface WithConnection {
        void handle(Connection connection, Stream stream) throws IOException;
    }
}

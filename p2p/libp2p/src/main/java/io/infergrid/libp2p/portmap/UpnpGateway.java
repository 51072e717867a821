package io.infergrid.libp2p.portmap;

import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;

/** A router that speaks UPnP IGD: found by SSDP, called by SOAP. */
final class UpnpGateway implements Gateway {

    static final InetSocketAddress SSDP = new InetSocketAddress(InetAddress.ofLiteral("239.255.255.250"), 1900);

    private static final Duration SEARCH = Duration.ofSeconds(2);
    private static final int TIMEOUT_MS = 5000;
    private static final int ONLY_PERMANENT = 725;
    private static final int CONFLICT = 718;
    private static final int PORT_TRIES = 4;

    private final UpnpMessages.Service service;
    private final InetAddress own;

    private UpnpGateway(UpnpMessages.Service service, InetAddress own) {
        this.service = service;
        this.own = own;
    }

    /**
     * Searches for a router.
     *
     * @param own this machine's address, on whose network to search and to which to forward
     * @param group where to ask, {@link #SSDP} but for tests
     * @throws IOException if none answers that can forward
     */
    static UpnpGateway find(InetAddress own, InetSocketAddress group) throws IOException {
        IOException last = new SocketTimeoutException("no router answers UPnP");
        try (var socket = new DatagramSocket(new InetSocketAddress(own, 0))) {
            for (var device : UpnpMessages.DEVICES) {
                var search = UpnpMessages.search(device);
                socket.send(new DatagramPacket(search, search.length, group));
            }
            long deadline = System.nanoTime() + SEARCH.toNanos();
            var packet = new DatagramPacket(new byte[UpnpMessages.MAX_DATAGRAM], UpnpMessages.MAX_DATAGRAM);
            while (true) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw last;
                }
                socket.setSoTimeout(Math.toIntExact(left));
                try {
                    packet.setLength(UpnpMessages.MAX_DATAGRAM);
                    socket.receive(packet);
                    var answer = Arrays.copyOf(packet.getData(), packet.getLength());
                    var location = UpnpMessages.location(answer, packet.getAddress());
                    return new UpnpGateway(UpnpMessages.service(get(location), location), own);
                } catch (SocketTimeoutException e) {
                    throw last;
                } catch (IOException e) {
                    last = e; // another device may be the router
                }
            }
        }
    }

    @Override
    public String name() {
        return "UPnP at " + service.control().getHost();
    }

    @Override
    public Lease map(Transport transport, int port, int wanted, Duration lifetime) throws IOException {
        var address = UpnpMessages.externalAddress(call("GetExternalIPAddress", UpnpMessages.externalAddress(service)));
        int external = wanted;
        for (int i = 1; ; i++) {
            try {
                return new Lease(new InetSocketAddress(address, external), add(transport, external, port, lifetime));
            } catch (FaultException e) {
                if (e.code != CONFLICT || i == PORT_TRIES) {
                    throw e;
                }
                external = external == 65535 ? 1024 : external + 1; // another machine has that port
            }
        }
    }

    private Duration add(Transport transport, int external, int port, Duration lifetime) throws IOException {
        try {
            call("AddPortMapping", UpnpMessages.add(service, transport, external, own, port, lifetime.toSeconds()));
            return lifetime;
        } catch (FaultException e) {
            if (e.code != ONLY_PERMANENT) {
                throw e;
            }
            call("AddPortMapping", UpnpMessages.add(service, transport, external, own, port, 0));
            return lifetime; // for ever, but asked for again as others are, since a router that restarts forgets
        }
    }

    @Override
    public void unmap(Transport transport, int port, int external) throws IOException {
        call("DeletePortMapping", UpnpMessages.delete(service, transport, external));
    }

    private static final class FaultException extends IOException {
        private final int code;

        FaultException(UpnpMessages.Fault fault) {
            super("UPnP: " + fault.words() + " (" + fault.code() + ")");
            code = fault.code();
        }
    }

    private byte[] call(String action, byte[] body) throws IOException {
        var http = open(service.control());
        try {
            http.setRequestMethod("POST");
            http.setDoOutput(true);
            http.setRequestProperty("Content-Type", "text/xml; charset=\"utf-8\"");
            http.setRequestProperty("SOAPAction", '"' + service.type() + '#' + action + '"');
            http.setFixedLengthStreamingMode(body.length);
            try (var out = http.getOutputStream()) {
                out.write(body);
            }
            if (http.getResponseCode() == 200) {
                return read(http.getInputStream());
            }
            var error = http.getErrorStream();
            if (error == null) {
                throw new IOException(
                        "UPnP: expected an answer to " + action + ", found HTTP " + http.getResponseCode());
            }
            throw new FaultException(UpnpMessages.fault(read(error)));
        } finally {
            http.disconnect();
        }
    }

    private static byte[] get(URI location) throws IOException {
        var http = open(location);
        try {
            if (http.getResponseCode() != 200) {
                throw new IOException("UPnP: expected a description, found HTTP " + http.getResponseCode());
            }
            return read(http.getInputStream());
        } finally {
            http.disconnect();
        }
    }

    private static HttpURLConnection open(URI uri) throws IOException {
        var http = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
        http.setInstanceFollowRedirects(false);
        http.setConnectTimeout(TIMEOUT_MS);
        http.setReadTimeout(TIMEOUT_MS);
        return http;
    }

    private static byte[] read(InputStream in) throws IOException {
        try (in) {
            var bytes = in.readNBytes(UpnpMessages.MAX_DOCUMENT + 1);
            if (bytes.length > UpnpMessages.MAX_DOCUMENT) {
                throw new DecodeException("UPnP: expected at most " + UpnpMessages.MAX_DOCUMENT + " bytes, found more");
            }
            return bytes;
        }
    }
}

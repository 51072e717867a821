package io.infergrid.libp2p.portmap;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** A home router on the loopback interface: PCP, NAT-PMP, and UPnP with its search, description and calls. */
final class FakeRouter implements AutoCloseable {

    static final InetAddress EXTERNAL = InetAddress.ofLiteral("11.0.0.77");
    static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    final DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
    final DatagramSocket ssdp = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
    final HttpServer http = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    final Map<Integer, Integer> forwarded = new ConcurrentHashMap<>(); // external port to internal
    volatile boolean speaksPcp = true;
    volatile boolean authorised = true;
    volatile int lifetimeSeconds = 3600;
    volatile int losesFirst; // datagrams that get lost
    volatile boolean onlyPermanent;
    volatile int takenPort = -1;
    volatile String location = "";
    volatile String description = """
            <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><serviceList>
            <service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl</controlURL></service>
            </serviceList></device></deviceList></device></root>""";

    FakeRouter() throws IOException {
        location = "http://127.0.0.1:" + http.getAddress().getPort() + "/desc.xml";
        http.createContext("/desc.xml", e -> answer(e, 200, description));
        http.createContext("/ctl", this::call);
        http.start();
        Thread.ofVirtual().start(() -> receive(datagrams));
        Thread.ofVirtual().start(() -> receive(ssdp));
    }

    InetSocketAddress datagramAddress() {
        return (InetSocketAddress) datagrams.getLocalSocketAddress();
    }

    InetSocketAddress ssdpAddress() {
        return (InetSocketAddress) ssdp.getLocalSocketAddress();
    }

    private void receive(DatagramSocket socket) {
        var packet = new DatagramPacket(new byte[2048], 2048);
        while (!socket.isClosed()) {
            try {
                packet.setLength(2048);
                socket.receive(packet);
                if (losesFirst > 0) {
                    losesFirst--;
                    continue;
                }
                var request = Arrays.copyOf(packet.getData(), packet.getLength());
                var answer = socket == ssdp ? found() : answer(request);
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private byte[] found() {
        return ("HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: " + location
                        + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] answer(byte[] request) {
        if (request[0] == 2 && !speaksPcp) {
            return new byte[] {0, (byte) (0x80 | request[1]), 0, 1, 0, 0, 0, 0}; // RFC 6886: unsupported version
        }
        return request[0] == 2 ? pcp(ByteBuffer.wrap(request)) : natPmp(ByteBuffer.wrap(request));
    }

    private byte[] pcp(ByteBuffer in) {
        var out = ByteBuffer.allocate(60);
        out.put(in.array()).flip();
        out.put(1, (byte) (0x80 | 1)).put(3, (byte) (authorised ? 0 : 2));
        int internal = in.getShort(40) & 0xffff;
        int external = in.getShort(42) & 0xffff;
        forward(in.getInt(4), internal, external);
        out.putInt(4, Math.min(in.getInt(4), lifetimeSeconds)).putShort(42, (short) external);
        out.position(44);
        out.put(new byte[10]).put(new byte[] {-1, -1}).put(EXTERNAL.getAddress());
        return out.array();
    }

    private byte[] natPmp(ByteBuffer in) {
        int opcode = in.get(1);
        short result = (short) (authorised ? 0 : 2);
        if (opcode == 0) {
            return ByteBuffer.allocate(12)
                    .put((byte) 0)
                    .put((byte) 0x80)
                    .putShort(result)
                    .putInt(1)
                    .put(EXTERNAL.getAddress())
                    .array();
        }
        int internal = in.getShort(4) & 0xffff;
        int external = in.getShort(6) & 0xffff;
        forward(in.getInt(8), internal, external);
        return ByteBuffer.allocate(16)
                .put((byte) 0)
                .put((byte) (0x80 | opcode))
                .putShort(result)
                .putInt(1)
                .putShort((short) internal)
                .putShort((short) external)
                .putInt(Math.min(in.getInt(8), lifetimeSeconds))
                .array();
    }

    private void forward(int seconds, int internal, int external) {
        if (seconds == 0) {
            forwarded.values().removeIf(port -> port == internal);
        } else if (authorised) {
            forwarded.put(external, internal);
        }
    }

    private void call(HttpExchange exchange) throws IOException {
        var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        if (body.contains("GetExternalIPAddress")) {
            answer(exchange, 200, envelope("<NewExternalIPAddress>11.0.0.77</NewExternalIPAddress>"));
        } else if (!authorised) {
            answer(exchange, 500, fault(606, "Action not authorized"));
        } else if (body.contains("DeletePortMapping")) {
            forwarded.remove(number(body, "NewExternalPort"));
            answer(exchange, 200, envelope(""));
        } else if (number(body, "NewExternalPort") == takenPort) {
            answer(exchange, 500, fault(718, "ConflictInMappingEntry"));
        } else if (onlyPermanent && number(body, "NewLeaseDuration") != 0) {
            answer(exchange, 500, fault(725, "OnlyPermanentLeasesSupported"));
        } else {
            forwarded.put(number(body, "NewExternalPort"), number(body, "NewInternalPort"));
            answer(exchange, 200, envelope(""));
        }
    }

    private static int number(String body, String element) {
        var matcher = Pattern.compile("<" + element + ">(\\d+)<").matcher(body);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    private static String envelope(String content) {
        return "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:R xmlns:u=\"x\">" + content
                + "</u:R></s:Body></s:Envelope>";
    }

    private static String fault(int code, String words) {
        return envelope("<errorCode>" + code + "</errorCode><errorDescription>" + words + "</errorDescription>");
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        try (var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        datagrams.close();
        ssdp.close();
        http.stop(0);
    }
}

package io.infergrid.wallet.chain;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A JSON-RPC server that passes everything on to a real node and lets a test lie in its answers. */
final class Meddler implements AutoCloseable {

    /** Changes an answer in place; may throw to answer with HTTP 500. */
    interface Lie {
        void tell(String method, JsonNode request, ObjectNode answer) throws IOException;
    }

    private final HttpServer server;
    private final HttpClient http = HttpClient.newHttpClient();
    private final URI honest;
    final AtomicInteger questions = new AtomicInteger();
    volatile Lie lie = (method, request, answer) -> {};

    Meddler(URI honest) throws IOException {
        this.honest = honest;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void answer(HttpExchange exchange) throws IOException {
        questions.incrementAndGet();
        byte[] body = exchange.getRequestBody().readAllBytes();
        int status = 200;
        byte[] bytes;
        try {
            String text = http.send(
                            HttpRequest.newBuilder(honest)
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            JsonNode request = JsonMapper.shared().readTree(body);
            ObjectNode answer = (ObjectNode) JsonMapper.shared().readTree(text);
            lie.tell(request.path("method").asString(), request, answer);
            bytes = answer.toString().getBytes(StandardCharsets.UTF_8);
        } catch (IOException | InterruptedException failed) {
            status = 500;
            bytes = new byte[0];
        }
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
        http.shutdownNow();
    }
}

package io.infergrid.app.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.infergrid.app.core.ChatException;
import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.PauseReason;
import io.infergrid.app.core.Rig;
import io.infergrid.app.core.RigState;
import io.infergrid.app.core.SwarmView;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the rig on 127.0.0.1: {@code /v1} as OpenAI's clients expect it, {@code /infergrid} for the program's other processes.
 * Everything but {@code /health} needs the bearer token; requests that name another host, or come from a page of another
 * origin, are refused, so that a web site in the user's browser cannot spend the rig. One virtual thread a request.
 */
public final class LocalApi implements AutoCloseable {

    private static final String DOWNLOADS = "/infergrid/downloads/";
    private static final Logger log = LoggerFactory.getLogger(LocalApi.class);

    static final int BODY_LIMIT_BYTES = 1 << 20;
    private static final int MOST_ANSWERS_AT_ONCE = 16;

    private static final ObjectMapper JSON = new ObjectMapper();

    static {
        JSON.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(32).build());
    }

    private final Rig rig;
    private final String token;
    private final boolean gateway;
    private final Runnable reveal;
    private final Clock clock;
    private final RandomGenerator random;
    private final HttpServer server;
    private final ClientRelay relay;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("local-api-", 0).factory());
    private final Semaphore answers = new Semaphore(MOST_ANSWERS_AT_ONCE);
    private volatile boolean closing;

    /**
     * @param port 0 for any free one
     * @param token the secret that requests carry as {@code Authorization: Bearer}
     * @param gateway whether {@code /v1} is served
     * @param reveal brings the window to the front
     * @throws IOException if the port is taken
     */
    public LocalApi(
            Rig rig, int port, String token, boolean gateway, Runnable reveal, Clock clock, RandomGenerator random)
            throws IOException {
        this.rig = rig;
        this.token = token;
        this.gateway = gateway;
        this.reveal = reveal;
        this.clock = clock;
        this.random = random;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        this.relay = new ClientRelay(port, server.getAddress());
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    public int port() {
        return relay.port();
    }

    /** Cancels answers under way and closes the port. */
    @Override
    public void close() {
        closing = true;
        server.stop(1);
        relay.close();
        threads.shutdown();
    }

    // ---- every request

    private void serve(HttpExchange exchange) {
        try (exchange) {
            try {
                fromHere(exchange);
                route(exchange);
            } catch (ApiError e) {
                send(exchange, e.status(), e.body());
            } catch (ChatException e) {
                ApiError error = asApiError(e);
                send(exchange, error.status(), error.body());
            }
        } catch (IOException e) {
            log.debug("client of {} left: {}", exchange.getRequestURI().getPath(), e.getMessage());
        } catch (RuntimeException e) {
            log.error("request {} failed", exchange.getRequestURI().getPath(), e);
            sendLast(exchange);
        }
    }

    private void route(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        if (path.equals("/health")) {
            method(exchange, "GET");
            send(
                    exchange,
                    200,
                    Map.of("status", "ok", "state", stateName(rig.state().get())));
            return;
        }
        authorised(exchange);
        if (path.startsWith("/v1/") && !gateway) {
            throw new ApiError(
                    404, "invalid_request_error", "gateway_off", "the gateway is switched off in the settings");
        }
        switch (path) {
            case "/v1/models" -> {
                method(exchange, "GET");
                send(exchange, 200, Map.of("object", "list", "data", models()));
            }
            case "/v1/chat/completions" -> {
                method(exchange, "POST");
                answer(exchange, CompletionRequest.chat(body(exchange), random), true);
            }
            case "/v1/completions" -> {
                method(exchange, "POST");
                answer(exchange, CompletionRequest.plain(body(exchange), random), false);
            }
            case "/infergrid/status" -> {
                method(exchange, "GET");
                send(exchange, 200, status());
            }
            case "/infergrid/start" -> verb(exchange, rig::start);
            case "/infergrid/pause" -> verb(exchange, rig::pause);
            case "/infergrid/finish" -> verb(exchange, rig::finishThenStop);
            case "/infergrid/reveal" -> verb(exchange, reveal);
            case String order
            when order.startsWith(DOWNLOADS) -> download(exchange, order.substring(DOWNLOADS.length()));
            default -> throw new ApiError(404, "invalid_request_error", "unknown_url", "no such path: " + path);
        }
    }

    private void verb(HttpExchange exchange, Runnable verb) throws IOException {
        method(exchange, "POST");
        verb.run();
        send(exchange, 200, status());
    }

    /** {@code <order>/<modelRoot>}. */
    private void download(HttpExchange exchange, String path) throws IOException {
        method(exchange, "POST");
        String[] words = path.split("/", 3);
        var order = DownloadOrder.of(words[0]);
        if (order.isEmpty() || words.length != 2 || !words[1].matches("[0-9a-f]{64}")) {
            throw ApiError.badRequest("expected fetch, pause, resume or cancel and a model root, found " + path);
        }
        try {
            rig.download(words[1], order.get());
        } catch (IllegalStateException e) {
            throw new ApiError(409, "invalid_request_error", "no_such_download", String.valueOf(e.getMessage()));
        }
        send(exchange, 200, status());
    }

    // ---- who may ask

    /** Against DNS rebinding and pages of other origins. */
    private void fromHere(HttpExchange exchange) {
        String host = exchange.getRequestHeaders().getFirst("Host");
        if (host == null || !isLoopback(host)) {
            throw new ApiError(
                    403, "invalid_request_error", "forbidden_host", "expected a request to 127.0.0.1 or localhost");
        }
        String origin = exchange.getRequestHeaders().getFirst("Origin");
        if (origin != null && !isLoopbackOrigin(origin)) {
            throw new ApiError(
                    403, "invalid_request_error", "forbidden_origin", "pages of other origins may not use this API");
        }
    }

    private static boolean isLoopback(String hostAndPort) {
        String host = hostAndPort.replaceFirst(":\\d{1,5}$", "").toLowerCase(Locale.ROOT);
        return host.equals("127.0.0.1") || host.equals("localhost") || host.equals("[::1]");
    }

    private static boolean isLoopbackOrigin(String origin) {
        try {
            URI uri = new URI(origin);
            return uri.getHost() != null && isLoopback(uri.getHost());
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private void authorised(HttpExchange exchange) {
        String header = exchange.getRequestHeaders().getFirst("Authorization");
        byte[] given = header == null ? new byte[0] : header.getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(given, ("Bearer " + token).getBytes(StandardCharsets.UTF_8))) {
            throw new ApiError(
                    401,
                    "invalid_request_error",
                    "invalid_api_key",
                    "expected 'Authorization: Bearer TOKEN' with the token of this rig (infergrid serve prints its file)");
        }
    }

    private static void method(HttpExchange exchange, String method) {
        if (!exchange.getRequestMethod().equals(method)) {
            throw new ApiError(
                    405,
                    "invalid_request_error",
                    "method_not_allowed",
                    "expected " + method + ", found " + exchange.getRequestMethod());
        }
    }

    private static JsonNode body(HttpExchange exchange) throws IOException {
        byte[] bytes = exchange.getRequestBody().readNBytes(BODY_LIMIT_BYTES + 1);
        if (bytes.length > BODY_LIMIT_BYTES) {
            throw new ApiError(
                    413,
                    "invalid_request_error",
                    "too_large",
                    "expected a body of at most " + BODY_LIMIT_BYTES + " bytes");
        }
        try {
            JsonNode json = JSON.readTree(bytes);
            if (json == null || !json.isObject()) {
                throw ApiError.badRequest("expected a JSON object as the body");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw ApiError.badRequest("expected JSON as the body: " + e.getOriginalMessage());
        }
    }

    // ---- answers

    private List<Map<String, Object>> models() {
        String model = rig.swarm().get().model();
        return model.isEmpty()
                ? List.of()
                : List.of(Map.of("id", model, "object", "model", "created", 0, "owned_by", "infergrid"));
    }

    private void answer(HttpExchange exchange, CompletionRequest request, boolean chat) throws IOException {
        String served = rig.swarm().get().model();
        if (!request.model().isEmpty() && !served.isEmpty() && !request.model().equals(served)) {
            throw new ApiError(
                    404,
                    "invalid_request_error",
                    "model_not_found",
                    "expected the model '" + served + "', which this grid serves");
        }
        if (!answers.tryAcquire()) {
            exchange.getResponseHeaders().set("Retry-After", "5");
            throw new ApiError(
                    429,
                    "rate_limit_error",
                    "too_many_requests",
                    "expected at most " + MOST_ANSWERS_AT_ONCE + " requests at once");
        }
        try {
            var shape =
                    new CompletionShape(chat, served, "cmpl-" + Long.toHexString(random.nextLong()), clock.instant());
            if (request.stream()) {
                stream(exchange, request, shape);
            } else {
                Rig.ChatResult result = ask(exchange, request, (text, hops) -> {}, new AtomicBoolean());
                send(exchange, 200, shape.whole(result));
            }
        } finally {
            answers.release();
        }
    }

    /** Server-sent events; a client that leaves ends the work for it at the next token. */
    private void stream(HttpExchange exchange, CompletionRequest request, CompletionShape shape) throws IOException {
        var events = new Events(exchange);
        var left = new AtomicBoolean();
        Rig.ChatResult result;
        try {
            result = ask(
                    exchange,
                    request,
                    (text, hops) -> {
                        try {
                            if (!text.isEmpty()) {
                                events.begin();
                                events.send(shape.piece(text));
                            }
                        } catch (IOException e) {
                            left.set(true);
                        }
                    },
                    left);
        } catch (ChatException e) {
            if (!events.begun()) {
                throw e;
            }
            events.send(asApiError(e).body());
            events.end();
            return;
        }
        if (left.get()) {
            log.debug("client left during {}", result.jobId());
            return;
        }
        events.begin();
        events.send(shape.last(result.finishReason()));
        if (request.usageInStream()) {
            events.send(shape.usageOnly(result));
        }
        events.end();
    }

    /** A client that has left ends the work for it at the next token, whether it is written to or not. */
    private Rig.ChatResult ask(
            HttpExchange exchange, CompletionRequest request, Rig.ChatListener listener, AtomicBoolean left) {
        BooleanSupplier cancelled = () -> left.get() || closing || relay.left(exchange.getRemoteAddress());
        return request.prompt().isEmpty()
                ? rig.chat(request.messages(), request.options(), listener, cancelled)
                : rig.complete(request.prompt(), request.options(), listener, cancelled);
    }

    private static ApiError asApiError(ChatException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.kind()) {
            case UNAVAILABLE -> new ApiError(503, "server_error", "rig_unavailable", message);
            case BAD_REQUEST -> new ApiError(400, "invalid_request_error", "invalid_value", message);
            case FAILED -> new ApiError(502, "server_error", "grid_failed", message);
        };
    }

    // ---- the rig itself

    private Map<String, Object> status() {
        RigState state = rig.state().get();
        SwarmView swarm = rig.swarm().get();
        var map = new LinkedHashMap<String, Object>();
        map.put("state", stateName(state));
        map.put("sentence", state.sentence());
        map.put(
                "reasons",
                state instanceof RigState.Paused paused
                        ? paused.reasons().stream().map(PauseReason::sentence).toList()
                        : List.of());
        map.put("device", rig.device().get());
        map.put("tokensPerSecond", rig.tokensPerSecond().get());
        map.put("peerId", swarm.ownPeerId());
        map.put("reach", swarm.reach());
        map.put("peers", swarm.peers().size());
        map.put("model", swarm.model());
        map.put("modelBlocks", swarm.modelBlocks());
        map.put("pipeline", swarm.pipeline().stream().map(LocalApi::stage).toList());
        map.put("transfers", swarm.transfers().stream().map(LocalApi::transfer).toList());
        return map;
    }

    private static Map<String, Object> transfer(SwarmView.Transfer transfer) {
        var map = new LinkedHashMap<String, Object>();
        map.put("what", transfer.shard());
        map.put("peerId", transfer.fromPeerId());
        map.put("bytesDone", transfer.bytesDone());
        map.put("bytesTotal", transfer.bytesTotal());
        map.put("verified", transfer.verified());
        if (!transfer.state().isEmpty()) {
            map.put("state", transfer.state());
            map.put("bytesPerSecond", transfer.bytesPerSecond());
            map.put("secondsLeft", transfer.left().toSeconds());
            map.put("sources", transfer.sources());
            map.put("modelRoot", transfer.modelRoot());
        }
        return map;
    }

    private static Map<String, Object> stage(SwarmView.StageView stage) {
        var map = new LinkedHashMap<String, Object>();
        map.put("stage", stage.index());
        map.put("blocks", stage.firstBlock() + "-" + (stage.endBlock() - 1));
        map.put("peerId", stage.peerId());
        map.put("device", stage.device());
        map.put("stepMicros", stage.stepTime().toNanos() / 1000);
        map.put("alive", stage.alive());
        return map;
    }

    static String stateName(RigState state) {
        return switch (state) {
            case RigState.Idle idle -> "idle";
            case RigState.Starting starting -> "starting";
            case RigState.Running running -> "running";
            case RigState.Finishing finishing -> "finishing";
            case RigState.Paused paused -> "paused";
        };
    }

    // ---- wire

    private static void send(HttpExchange exchange, int status, Object body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static void sendLast(HttpExchange exchange) {
        try {
            send(
                    exchange,
                    500,
                    new ApiError(500, "server_error", "internal", "something went wrong here; the log says what")
                            .body());
        } catch (IOException e) {
            log.debug("client left before it could be told: {}", e.getMessage());
        }
    }

    /** The body of a streamed answer; nothing is sent before {@link #begin}, so that an early failure keeps its status. */
    private static final class Events {

        private final HttpExchange exchange;
        private @Nullable OutputStream out;

        Events(HttpExchange exchange) {
            this.exchange = exchange;
        }

        boolean begun() {
            return out != null;
        }

        void begin() throws IOException {
            if (out == null) {
                exchange.getResponseHeaders().set("Content-Type", "text/event-stream; charset=utf-8");
                exchange.getResponseHeaders().set("Cache-Control", "no-store");
                exchange.sendResponseHeaders(200, 0);
                out = exchange.getResponseBody();
            }
        }

        void send(Object event) throws IOException {
            write("data: " + JSON.writeValueAsString(event) + "\n\n");
        }

        void end() throws IOException {
            write("data: [DONE]\n\n");
        }

        private void write(String text) throws IOException {
            if (out != null) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        }
    }
}

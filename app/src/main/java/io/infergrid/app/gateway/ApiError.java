package io.infergrid.app.gateway;

import java.util.LinkedHashMap;
import java.util.Map;

/** Ends a request with a status and a body in OpenAI's form of an error. */
final class ApiError extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int status;
    private final String type;
    private final String code;

    ApiError(int status, String type, String code, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.code = code;
    }

    static ApiError badRequest(String message) {
        return new ApiError(400, "invalid_request_error", "invalid_value", message);
    }

    int status() {
        return status;
    }

    Map<String, Object> body() {
        var error = new LinkedHashMap<String, Object>();
        error.put("message", getMessage());
        error.put("type", type);
        error.put("code", code);
        return Map.of("error", error);
    }
}

package io.infergrid.libp2p.relay;

/** What a relay, or the peer behind it, answers (circuit-v2, status codes). */
public enum RelayStatus {
    OK(100),
    RESERVATION_REFUSED(200),
    RESOURCE_LIMIT_EXCEEDED(201),
    PERMISSION_DENIED(202),
    CONNECTION_FAILED(203),
    NO_RESERVATION(204),
    MALFORMED_MESSAGE(400),
    UNEXPECTED_MESSAGE(401),
    /** A code that this table does not have. */
    UNKNOWN(0);

    private final int code;

    RelayStatus(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static RelayStatus of(long code) {
        for (var status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        return UNKNOWN;
    }
}

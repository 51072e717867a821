package io.infergrid.app.device;

/** No device can be used as it was asked for; the message says why. */
public final class DeviceException extends RuntimeException {

    private static final long serialVersionUID = 1;

    DeviceException(String message) {
        super(message);
    }

    DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}

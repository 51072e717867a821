package io.infergrid.app.core;

/**
 * What the user chose; kept as JSON in the config directory. A value out of range is refused where it is set.
 *
 * @param theme colours of the window
 * @param welcomeDone whether the welcome pages were finished
 * @param backend which kind of device computes
 * @param device which graphics card: the beginning of its UUID or a part of its name; empty for the best
 * @param workers worker processes of the local grid, {@value #MIN_WORKERS} to {@value #MAX_WORKERS}
 * @param gateway whether the OpenAI-compatible API on this computer is served while the rig runs
 * @param gatewayPort its port on 127.0.0.1; 0 for any free one
 * @param startWhenOpened whether opening the window also presses Start
 */
public record Settings(
        Theme theme,
        boolean welcomeDone,
        BackendChoice backend,
        String device,
        int workers,
        boolean gateway,
        int gatewayPort,
        boolean startWhenOpened) {

    public static final int MIN_WORKERS = 3;
    public static final int MAX_WORKERS = 8;
    private static final int MAX_DEVICE = 256;

    public Settings {
        device = device.strip();
        if (device.length() > MAX_DEVICE) {
            throw new OutOfRange("expected a device's UUID or name of at most " + MAX_DEVICE + " characters, found "
                    + device.length());
        }
        if (device.chars().anyMatch(Character::isISOControl)) {
            throw new OutOfRange("expected a device's UUID or name without control characters, found one");
        }
        if (workers < MIN_WORKERS || workers > MAX_WORKERS) {
            throw new OutOfRange("expected " + MIN_WORKERS + " to " + MAX_WORKERS + " workers, found " + workers);
        }
        if (gatewayPort < 0 || gatewayPort > 65535) {
            throw new OutOfRange("expected a port from 0 to 65535, found " + gatewayPort);
        }
    }

    /** A value that no rig can be set to; the message names it and what is possible. */
    public static final class OutOfRange extends IllegalArgumentException {

        private static final long serialVersionUID = 1;

        OutOfRange(String message) {
            super(message);
        }
    }

    public static Settings defaults() {
        return new Settings(Theme.SYSTEM, false, BackendChoice.AUTO, "", MIN_WORKERS, true, 11544, false);
    }

    public Settings withTheme(Theme next) {
        return new Settings(next, welcomeDone, backend, device, workers, gateway, gatewayPort, startWhenOpened);
    }

    public Settings withWelcomeDone(boolean next) {
        return new Settings(theme, next, backend, device, workers, gateway, gatewayPort, startWhenOpened);
    }

    public Settings withBackend(BackendChoice next) {
        return new Settings(theme, welcomeDone, next, device, workers, gateway, gatewayPort, startWhenOpened);
    }

    public Settings withDevice(String next) {
        return new Settings(theme, welcomeDone, backend, next, workers, gateway, gatewayPort, startWhenOpened);
    }

    public Settings withWorkers(int next) {
        return new Settings(theme, welcomeDone, backend, device, next, gateway, gatewayPort, startWhenOpened);
    }

    public Settings withGateway(boolean next, int port) {
        return new Settings(theme, welcomeDone, backend, device, workers, next, port, startWhenOpened);
    }

    public Settings withStartWhenOpened(boolean next) {
        return new Settings(theme, welcomeDone, backend, device, workers, gateway, gatewayPort, next);
    }

    public enum Theme {
        SYSTEM,
        LIGHT,
        DARK
    }

    /** Which device computes; {@code AUTO} takes a conformant graphics card, else the CPU, and says why. */
    public enum BackendChoice {
        AUTO,
        VULKAN,
        CPU
    }
}

package io.infergrid.app.core;

import java.util.function.Consumer;
import java.util.function.UnaryOperator;

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
 * @param limits what the rig yields to
 * @param sharing how it takes part in a swarm beyond this computer
 */
public record Settings(
        Theme theme,
        boolean welcomeDone,
        BackendChoice backend,
        String device,
        int workers,
        boolean gateway,
        int gatewayPort,
        boolean startWhenOpened,
        Limits limits,
        Sharing sharing) {

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
        return new Settings(
                Theme.SYSTEM,
                false,
                BackendChoice.AUTO,
                "",
                MIN_WORKERS,
                true,
                11544,
                false,
                Limits.DEFAULT,
                Sharing.DEFAULT);
    }

    /** This with some values changed, e.g. {@code settings.but(draft -> draft.workers = 4)}. */
    public Settings but(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** The values one by one, to be changed; a new component is added here and nowhere else. */
    public static final class Draft {
        public Theme theme;
        public boolean welcomeDone;
        public BackendChoice backend;
        public String device;
        public int workers;
        public boolean gateway;
        public int gatewayPort;
        public boolean startWhenOpened;
        public Limits limits;
        public Sharing sharing;

        private Draft(Settings now) {
            theme = now.theme;
            welcomeDone = now.welcomeDone;
            backend = now.backend;
            device = now.device;
            workers = now.workers;
            gateway = now.gateway;
            gatewayPort = now.gatewayPort;
            startWhenOpened = now.startWhenOpened;
            limits = now.limits;
            sharing = now.sharing;
        }

        private Settings done() {
            return new Settings(
                    theme,
                    welcomeDone,
                    backend,
                    device,
                    workers,
                    gateway,
                    gatewayPort,
                    startWhenOpened,
                    limits,
                    sharing);
        }
    }

    public Settings withTheme(Theme next) {
        return but(draft -> draft.theme = next);
    }

    public Settings withWelcomeDone(boolean next) {
        return but(draft -> draft.welcomeDone = next);
    }

    public Settings withBackend(BackendChoice next) {
        return but(draft -> draft.backend = next);
    }

    public Settings withDevice(String next) {
        return but(draft -> draft.device = next);
    }

    public Settings withWorkers(int next) {
        return but(draft -> draft.workers = next);
    }

    public Settings withGateway(boolean next, int port) {
        return but(draft -> {
            draft.gateway = next;
            draft.gatewayPort = port;
        });
    }

    public Settings withStartWhenOpened(boolean next) {
        return but(draft -> draft.startWhenOpened = next);
    }

    public Settings withLimits(UnaryOperator<Limits> next) {
        return but(draft -> draft.limits = next.apply(limits));
    }

    public Settings withSharing(UnaryOperator<Sharing> next) {
        return but(draft -> draft.sharing = next.apply(sharing));
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

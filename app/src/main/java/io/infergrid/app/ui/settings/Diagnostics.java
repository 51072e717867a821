package io.infergrid.app.ui.settings;

import io.infergrid.app.core.Check;
import io.infergrid.app.core.Rig;
import java.util.List;

/** What a user hands to somebody who helps: versions, device, state and checks, and nothing about who the user is. */
final class Diagnostics {

    private Diagnostics() {}

    /** In English and without the folders of the user, because it is read by others. */
    static String of(Rig rig, List<Check> checks, String version) {
        var device = rig.device().get();
        var swarm = rig.swarm().get();
        var settings = rig.settings().get();
        var words = new StringBuilder();
        words.append("InferGrid ").append(version).append('\n');
        words.append("Java ").append(System.getProperty("java.runtime.version")).append('\n');
        words.append("JavaFX ")
                .append(System.getProperty("javafx.runtime.version"))
                .append('\n');
        words.append("System ")
                .append(System.getProperty("os.name"))
                .append(' ')
                .append(System.getProperty("os.version"))
                .append(' ')
                .append(System.getProperty("os.arch"))
                .append(", ")
                .append(Runtime.getRuntime().availableProcessors())
                .append(" processors\n");
        words.append("Device ")
                .append(device.name())
                .append(", ")
                .append(device.backend())
                .append(device.conformant() ? ", conformant" : ", conformance not shown")
                .append('\n');
        if (!device.note().isEmpty()) {
            words.append("Note ").append(device.note()).append('\n');
        }
        words.append("State ").append(rig.state().get().sentence()).append('\n');
        words.append("Swarm ")
                .append(swarm.peers().size())
                .append(" peers, ")
                .append(swarm.pipeline().size())
                .append(" stages, model ")
                .append(swarm.model())
                .append('\n');
        words.append("Settings backend ")
                .append(settings.backend())
                .append(", workers ")
                .append(settings.workers())
                .append(", gateway ")
                .append(settings.gateway())
                .append('\n');
        for (var check : checks) {
            words.append("Check ")
                    .append(check.status())
                    .append(' ')
                    .append(check.name())
                    .append(": ")
                    .append(check.found())
                    .append('\n');
        }
        return words.toString();
    }
}

package io.infergrid.app.settings;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.core.Sharing;

/** {@link Sharing} in the settings file. */
final class SharingJson {

    private SharingJson() {}

    static Sharing of(JsonNode json, Sharing ours, String where) {
        if (json.isMissingNode()) {
            return ours;
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException(
                    "expected an object for 'sharing', found " + json.getNodeType() + " in " + where);
        }
        return new Sharing(
                SettingsFile.bool(json, "open", ours.open(), where),
                SettingsFile.integer(json, "port", ours.port(), where),
                SettingsFile.texts(json, "join", ours.join(), where),
                SettingsFile.bool(json, "mdns", ours.mdns(), where),
                SettingsFile.bool(json, "dht", ours.dht(), where),
                SettingsFile.bool(json, "relays", ours.relays(), where),
                SettingsFile.bool(json, "portMapping", ours.portMapping(), where),
                SettingsFile.bool(json, "quic", ours.quic(), where),
                SettingsFile.integer(json, "upMiBps", ours.upMiBps(), where),
                SettingsFile.integer(json, "downMiBps", ours.downMiBps(), where),
                SettingsFile.integer(json, "diskGiB", ours.diskGiB(), where),
                SettingsFile.integer(json, "seedGiB", ours.seedGiB(), where));
    }
}

package io.infergrid.app.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.infergrid.app.core.Limits;
import io.infergrid.app.core.Schedule;
import io.infergrid.app.core.Settings;
import io.infergrid.app.paths.FileTrouble;
import io.infergrid.app.paths.OwnerOnlyFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Reads and writes {@link Settings} as JSON; unknown fields are ignored, missing ones take their default. */
public final class SettingsFile {

    private static final long LIMIT_BYTES = 64 * 1024;
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Path file;

    public SettingsFile(Path file) {
        this.file = file;
    }

    /**
     * @throws IllegalArgumentException if the file is not what a settings file is, in words for its owner
     */
    public Settings read() {
        if (!Files.exists(file)) {
            return Settings.defaults();
        }
        try {
            if (Files.size(file) > LIMIT_BYTES) {
                throw new IllegalArgumentException("expected settings of at most " + LIMIT_BYTES + " bytes, found "
                        + Files.size(file) + " in " + file);
            }
            return parse(Files.readString(file, StandardCharsets.UTF_8), file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("expected to read the settings, found " + FileTrouble.words(e), e);
        }
    }

    public void write(Settings settings) {
        try {
            OwnerOnlyFile.write(file, json(settings) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("expected to write the settings, found " + FileTrouble.words(e), e);
        }
    }

    public static String json(Settings settings) {
        try {
            return JSON.writeValueAsString(settings);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static Settings parse(String text, String where) {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "expected settings in JSON, found in " + where + ": " + e.getOriginalMessage(), e);
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException(
                    "expected a JSON object of settings, found " + json.getNodeType() + " in " + where);
        }
        Settings ours = Settings.defaults();
        try {
            return of(json, ours, where);
        } catch (Settings.OutOfRange e) {
            throw new IllegalArgumentException(e.getMessage() + " in " + where, e);
        }
    }

    private static Settings of(JsonNode json, Settings ours, String where) {
        return new Settings(
                choice(json, "theme", ours.theme(), where),
                bool(json, "welcomeDone", ours.welcomeDone(), where),
                choice(json, "backend", ours.backend(), where),
                text(json, "device", ours.device(), where),
                integer(json, "workers", ours.workers(), where),
                bool(json, "gateway", ours.gateway(), where),
                integer(json, "gatewayPort", ours.gatewayPort(), where),
                bool(json, "startWhenOpened", ours.startWhenOpened(), where),
                limits(json.path("limits"), ours.limits(), where),
                SharingJson.of(json.path("sharing"), ours.sharing(), where));
    }

    private static Limits limits(JsonNode json, Limits ours, String where) {
        if (json.isMissingNode()) {
            return ours;
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException(
                    "expected an object for 'limits', found " + json.getNodeType() + " in " + where);
        }
        return new Limits(
                bool(json, "games", ours.games(), where),
                texts(json, "exclusivePrograms", ours.exclusivePrograms(), where),
                integer(json, "othersGpuPercent", ours.othersGpuPercent(), where),
                integer(json, "idleMinutes", ours.idleMinutes(), where),
                bool(json, "onBattery", ours.onBattery(), where),
                integer(json, "maxCelsius", ours.maxCelsius(), where),
                integer(json, "maxWatts", ours.maxWatts(), where),
                integer(json, "dutyPercent", ours.dutyPercent(), where),
                integer(json, "memoryReserveMiB", ours.memoryReserveMiB(), where),
                new Schedule(
                        texts(json.path("schedule"), "days", ours.schedule().days(), where)));
    }

    static List<String> texts(JsonNode json, String name, List<String> otherwise, String where) {
        JsonNode value = json.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isArray() || !value.valueStream().allMatch(JsonNode::isTextual)) {
            throw new IllegalArgumentException(
                    "expected a list of texts for '" + name + "', found " + value + " in " + where);
        }
        return value.valueStream().map(JsonNode::textValue).toList();
    }

    static boolean bool(JsonNode json, String name, boolean otherwise, String where) {
        JsonNode value = json.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw new IllegalArgumentException(
                    "expected true or false for '" + name + "', found " + value + " in " + where);
        }
        return value.booleanValue();
    }

    private static String text(JsonNode json, String name, String otherwise, String where) {
        JsonNode value = json.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isTextual()) {
            throw new IllegalArgumentException("expected a text for '" + name + "', found " + value + " in " + where);
        }
        return value.textValue();
    }

    static int integer(JsonNode json, String name, int otherwise, String where) {
        JsonNode value = json.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new IllegalArgumentException(
                    "expected a whole number for '" + name + "', found " + value + " in " + where);
        }
        return value.intValue();
    }

    private static <E extends Enum<E>> E choice(JsonNode json, String name, E otherwise, String where) {
        JsonNode value = json.path(name);
        if (value.isMissingNode()) {
            return otherwise;
        }
        for (E constant : otherwise.getDeclaringClass().getEnumConstants()) {
            if (value.isTextual() && constant.name().equals(value.textValue().toUpperCase(Locale.ROOT))) {
                return constant;
            }
        }
        throw new IllegalArgumentException("expected one of "
                + Arrays.toString(otherwise.getDeclaringClass().getEnumConstants()) + " for '" + name
                + "', found "
                + value + " in " + where);
    }
}

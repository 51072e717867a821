package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in a process of its own, on a machine without a Vulkan driver or without Vulkan. */
class DriverlessMachineTest {

    /** The loader looks for drivers where these say, and nowhere else. */
    private static final Map<String, String> NO_DRIVER =
            Map.of("VK_DRIVER_FILES", "/nonexistent/driver.json", "VK_ICD_FILENAMES", "/nonexistent/driver.json");

    private static final List<String> NO_LOADER = List.of("-Dorg.lwjgl.vulkan.libname=/nonexistent/libvulkan.so");

    private static final String NOTE =
            "The CPU computes: no Vulkan driver was found (install or update the graphics driver).";

    @TempDir
    Path folder;

    private Path home;

    /** Where a program would leave things that nobody asked it to leave. */
    private Path user;

    @BeforeEach
    void makeUser() throws Exception {
        home = folder.resolve("home");
        user = Files.createDirectory(folder.resolve("user"));
    }

    @AfterEach
    void nothing_was_left_outside_of_home() {
        assertThat(user).isEmptyDirectory();
    }

    private Ran run(Map<String, String> environment, List<String> jvm, String... arguments) throws Exception {
        var asUser = new HashMap<>(environment);
        for (String variable :
                List.of("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")) {
            asUser.put(variable, user.toString());
        }
        var options = new ArrayList<>(jvm);
        options.add("-Duser.home=" + user);
        return Ran.apart(asUser, options, arguments);
    }

    private Ran generate(Map<String, String> environment, List<String> jvm, String backend) throws Exception {
        return run(
                environment,
                jvm,
                "generate",
                "--json",
                "--home=" + home,
                "--backend=" + backend,
                "--max-tokens=8",
                "--chat",
                "Tell me a story about a fox.");
    }

    @Test
    void generate_computes_on_the_cpu_and_says_why() throws Exception {
        Ran ran = generate(NO_DRIVER, List.of(), "auto");
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.json().path("backend").asText()).isEqualTo("cpu");
        assertThat(ran.json().path("note").asText()).isEqualTo(NOTE);
        assertThat(ran.err()).contains(NOTE);
    }

    @Test
    void vulkan_asked_for_by_name_is_one_clear_line() throws Exception {
        Ran ran = generate(Map.of(), NO_LOADER, "vulkan");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err().lines().filter(line -> !line.startsWith("WARNING: Using incubator modules")))
                .singleElement()
                .asString()
                .isEqualTo("infergrid: this machine has no Vulkan loader (install or update the graphics driver)");
    }

    @Test
    void doctor_finds_the_rig_ready_and_names_what_to_install() throws Exception {
        Ran ran = run(NO_DRIVER, List.of(), "doctor", "--json", "--home=" + home);
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.json().path("ok").asBoolean()).isTrue();
        JsonNode vulkan = null;
        for (JsonNode check : ran.json().path("checks")) {
            vulkan = check.path("name").asText().equals("Vulkan") ? check : vulkan;
        }
        assertThat(vulkan).isNotNull();
        assertThat(vulkan.path("status").asText()).isEqualTo("WARNING");
        assertThat(vulkan.path("found").asText())
                .isEqualTo("no device: no Vulkan driver was found (install or update the graphics driver)");
        assertThat(vulkan.path("nextStep").asText()).contains("the CPU computes");
    }
}

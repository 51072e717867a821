package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
    Path home;

    private Ran generate(Map<String, String> environment, List<String> jvm, String backend) throws Exception {
        return Ran.apart(
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
        Ran ran = Ran.apart(NO_DRIVER, List.of(), "doctor", "--json", "--home=" + home);
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

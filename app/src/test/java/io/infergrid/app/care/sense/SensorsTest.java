package io.infergrid.app.care.sense;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.app.care.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SensorsTest {

    private static final String AMD = """
            pos:	0
            flags:	02100002
            drm-driver:	amdgpu
            drm-client-id:	%s
            drm-pdev:	0000:03:00.0
            drm-engine-gfx:	%d ns
            drm-engine-compute:	%d ns
            drm-memory-vram:	10240 KiB
            """;

    @TempDir
    Path proc;

    private void handle(int pid, String client, long gfx, long compute) throws IOException {
        Path fd = Files.createDirectories(proc.resolve(pid + "/fd"));
        Path info = Files.createDirectories(proc.resolve(pid + "/fdinfo"));
        Files.deleteIfExists(fd.resolve("7"));
        Files.createSymbolicLink(fd.resolve("7"), Path.of("/dev/dri/renderD128"));
        Files.writeString(info.resolve("7"), String.format(java.util.Locale.ROOT, AMD, client, gfx, compute));
    }

    @Test
    void others_on_the_card_are_those_that_are_not_ours_by_their_busiest_engine() throws IOException {
        long[] now = {0};
        var shares = new LinuxCardShares(proc, pid -> pid == 10, () -> now[0]);
        handle(10, "1", 0, 0);
        handle(20, "2", 1_000_000, 0);
        handle(30, "3", 0, 0);
        assertThat(shares.read()).isEmpty();
        now[0] = 1_000_000_000;
        handle(10, "1", 900_000_000, 900_000_000);
        handle(20, "2", 301_000_000, 20_000_000);
        handle(30, "3", 100_000_000, 0);
        assertThat(shares.read()).contains(40);
    }

    @Test
    void a_driver_that_tells_nothing_is_not_taken_for_an_idle_card() throws IOException {
        var shares = new LinuxCardShares(proc, pid -> false, System::nanoTime);
        handle(20, "2", 0, 0);
        Files.writeString(proc.resolve("20/fdinfo/7"), "pos: 0\n");
        assertThat(shares.read()).isEmpty();
        assertThat(shares.read()).isEmpty();
    }

    @Property(tries = 300)
    void no_text_of_the_kernel_or_of_a_program_that_is_asked_breaks_its_parser(@ForAll String text) {
        assertThat(LinuxCardShares.parse(text)).isNotNull();
        assertThat(GnomeIdle.parse(text)).isNotNull();
        assertThat(MacIdle.parse(text)).isNotNull();
        assertThat(GameMode.games(text)).isNotNegative();
    }

    @Test
    void what_systems_answer_is_understood() {
        assertThat(GnomeIdle.parse("(uint64 4211,)\n")).contains(Duration.ofMillis(4211));
        assertThat(MacIdle.parse("    | |   \"HIDIdleTime\" = 1500000000\n")).contains(Duration.ofMillis(1500));
        assertThat(GameMode.games("(<2>,)\n")).isEqualTo(2);
        assertThat(GameMode.games("(<int32 0>,)\n")).isZero();
    }

    @Test
    void a_program_that_is_missing_fails_or_never_ends_has_no_answer() {
        assertThat(AskedProgram.ask("infergrid-no-such-program")).isEmpty();
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "a shell is missing");
        assertThat(AskedProgram.ask("/bin/sh", "-c", "echo 4; exit 3")).isEmpty();
        assertThat(AskedProgram.ask("/bin/sh", "-c", "exec sleep 100")).isEmpty();
        assertThat(AskedProgram.ask("/bin/sh", "-c", "echo 4")).contains("4\n");
    }

    @Test
    void this_computer_can_be_looked_at_without_a_display_and_each_sensor_says_how_or_why_not() {
        try (var computer = ThisComputer.open(Map.of())) {
            assertThat(computer.abilities()).extracting("senses").contains("full-screen", "idle", "power", "card");
            assertThat(computer.abilities())
                    .allSatisfy(ability -> assertThat(ability.how()).isNotBlank());
            Reading reading = computer.look();
            assertThat(reading.programs()).contains("java");
            assertThat(reading.fullScreen()).isEqualTo(Optional.empty());
        }
    }

    @Test
    void own_processes_are_this_one_and_its_children() throws Exception {
        assertThat(OwnProcesses.contains(ProcessHandle.current().pid())).isTrue();
        assertThat(OwnProcesses.contains(1)).isFalse();
        assumeTrue(Files.isExecutable(Path.of("/bin/sleep")), "sleep is missing");
        Process child = new ProcessBuilder(List.of("/bin/sleep", "60")).start();
        assertThat(OwnProcesses.contains(child.pid())).isTrue();
        child.destroyForcibly();
    }
}

package io.infergrid.compute.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PciLinkTest {

    @TempDir
    Path devices;

    @Test
    void generation_and_lanes_are_read_as_linux_writes_them() throws IOException {
        write("0000:01:00.0", "16.0 GT/s PCIe\n", "8\n");
        assertThat(PciLink.of(devices, "0000:01:00.0")).hasValueSatisfying(link -> {
            assertThat(link.generation()).isEqualTo(4);
            assertThat(link.lanes()).isEqualTo(8);
            assertThat(link).hasToString("PCIe 4.0 x8");
        });
    }

    @Test
    void an_unknown_speed_is_shown_as_it_is() throws IOException {
        write("0000:01:00.0", "20.0 GT/s", "4");
        assertThat(PciLink.of(devices, "0000:01:00.0").orElseThrow()).hasToString("PCIe 20.0 GT/s x4");
    }

    @Test
    void what_is_missing_or_not_a_number_is_no_link() throws IOException {
        write("0000:01:00.0", "Unknown", "255 lanes");
        assertThat(PciLink.of(devices, "0000:01:00.0")).isEmpty();
        assertThat(PciLink.of(devices, "0000:02:00.0")).isEmpty();
        assertThat(PciLink.of(devices, "../../etc")).isEmpty();
        assertThat(PciLink.of(devices, "")).isEmpty();
    }

    private void write(String address, String speed, String lanes) throws IOException {
        Path device = Files.createDirectories(devices.resolve(address));
        Files.writeString(device.resolve("current_link_speed"), speed);
        Files.writeString(device.resolve("current_link_width"), lanes);
    }
}

package io.infergrid.app.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.infergrid.app.core.Settings.BackendChoice;
import io.infergrid.app.device.DeviceSources.Accelerator;
import io.infergrid.compute.conformance.Conformance;
import io.infergrid.compute.cpu.CpuBackend;
import io.infergrid.compute.engine.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OpenDeviceTest {

    private static final String SLIGHTLY_BROKEN =
            "Slightly Broken 4000 differs from the IG1 table, version " + Conformance.TABLE_VERSION + " in: ";

    private static final String CARD = "00112233445566778899aabbccddeeff";

    private final List<OpenDevice> opened = new ArrayList<>();
    private final OneBitOff oneBitOff = new OneBitOff();

    @AfterEach
    void close() {
        opened.forEach(OpenDevice::close);
        oneBitOff.close();
    }

    private static Accelerator noDriver() {
        throw new DeviceException("the Vulkan loader found no device");
    }

    private Accelerator wrongBit() {
        return new Accelerator(oneBitOff, 8L << 30, false, CARD);
    }

    /** The real CPU backend in the place of a graphics card. */
    private static Accelerator goodCard() {
        return new Accelerator(new CpuBackend(1), 8L << 30, false, CARD);
    }

    private OpenDevice open(Supplier<Accelerator> vulkan, BackendChoice choice) {
        var machine = new DeviceSources(vulkan, DeviceSources.THIS_MACHINE.cpu());
        OpenDevice device = OpenDevice.open(machine, choice, 1, OpenDevice.Progress.SILENT, () -> false);
        opened.add(device);
        return device;
    }

    @Test
    void without_a_driver_the_cpu_computes_and_says_why() {
        OpenDevice device = open(OpenDeviceTest::noDriver, BackendChoice.AUTO);
        assertThat(device.backend()).isInstanceOf(CpuBackend.class);
        assertThat(device.uuid()).isEmpty();
        assertThat(device.view().backend()).isEqualTo("cpu");
        assertThat(device.view().conformant()).isTrue();
        assertThat(device.view().note()).isEqualTo("The CPU computes: the Vulkan loader found no device.");
        assertThat(device.conformanceDigest()).hasSize(64);
    }

    @Test
    void one_wrong_bit_of_a_device_is_enough_for_the_cpu_to_take_its_place() {
        OpenDevice device = open(this::wrongBit, BackendChoice.AUTO);
        assertThat(device.view().backend()).isEqualTo("cpu");
        assertThat(device.view().note())
                .startsWith("The CPU computes: " + SLIGHTLY_BROKEN)
                .endsWith(".")
                .doesNotContain("\n", ",,");
        assertThat(oneBitOff.closed()).isTrue();
    }

    @Test
    void a_conformant_card_is_taken_without_a_word() {
        OpenDevice device = open(OpenDeviceTest::goodCard, BackendChoice.AUTO);
        assertThat(device.view().memoryBytes()).isEqualTo(8L << 30);
        assertThat(device.view().note()).isEmpty();
        assertThat(device.uuid()).isEqualTo(CARD);
        assertThat(device.conformanceDigest())
                .isEqualTo(open(OpenDeviceTest::noDriver, BackendChoice.CPU).conformanceDigest());
    }

    @Test
    void a_vulkan_driver_that_runs_on_the_processor_is_left_alone_unless_asked_for() {
        Supplier<Accelerator> software = () -> new Accelerator(oneBitOff, -1, true, CARD);
        OpenDevice device = open(software, BackendChoice.AUTO);
        assertThat(device.view().backend()).isEqualTo("cpu");
        assertThat(device.view().note())
                .isEqualTo("The CPU computes: the Vulkan driver Slightly Broken 4000 runs on the processor too,"
                        + " where the CPU backend computes the same bits faster.");
        assertThat(oneBitOff.closed()).isTrue();

        OpenDevice asked = open(() -> new Accelerator(new CpuBackend(1), -1, true, CARD), BackendChoice.VULKAN);
        assertThat(asked.view().note()).isEmpty();
    }

    @Test
    void vulkan_asked_for_by_name_is_refused_where_there_is_none() {
        assertThatThrownBy(() -> open(OpenDeviceTest::noDriver, BackendChoice.VULKAN))
                .isInstanceOf(DeviceException.class)
                .hasMessage("the Vulkan loader found no device");
    }

    @Test
    void vulkan_asked_for_by_name_is_refused_with_one_wrong_bit() {
        assertThatThrownBy(() -> open(this::wrongBit, BackendChoice.VULKAN))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith(SLIGHTLY_BROKEN);
        assertThat(oneBitOff.closed()).isTrue();
    }

    @Test
    void the_cpu_asked_for_by_name_never_looks_for_vulkan() {
        OpenDevice device = open(
                () -> {
                    throw new AssertionError("Vulkan was opened");
                },
                BackendChoice.CPU);
        assertThat(device.view().backend()).isEqualTo("cpu");
        assertThat(device.view().memoryBytes()).isEqualTo(-1);
        assertThat(device.view().note()).isEmpty();
    }

    @Test
    void a_cpu_that_fails_is_refused_since_nothing_can_take_its_place() {
        var machine = new DeviceSources(OpenDeviceTest::noDriver, threads -> oneBitOff);
        assertThatThrownBy(
                        () -> OpenDevice.open(machine, BackendChoice.AUTO, 1, OpenDevice.Progress.SILENT, () -> false))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith(SLIGHTLY_BROKEN);
        assertThat(oneBitOff.closed()).isTrue();
    }

    @Test
    void a_cancelled_check_is_no_verdict_on_the_device() {
        var machine = new DeviceSources(this::wrongBit, DeviceSources.THIS_MACHINE.cpu());
        assertThatThrownBy(
                        () -> OpenDevice.open(machine, BackendChoice.AUTO, 1, OpenDevice.Progress.SILENT, () -> true))
                .isInstanceOf(CancellationException.class);
        assertThat(oneBitOff.closed()).isTrue();
    }

    @Test
    void the_vulkan_device_of_this_machine_has_the_digest_of_its_cpu() {
        Backend vulkan;
        try {
            opened.add(OpenDevice.known(BackendChoice.VULKAN, 0, ""));
        } catch (DeviceException e) {
            assumeTrue(false, "this machine has no Vulkan device: " + e.getMessage());
        }
        OpenDevice real = OpenDevice.open(BackendChoice.VULKAN, 0, OpenDevice.Progress.SILENT, () -> false);
        opened.add(real);
        vulkan = real.backend();
        assertThat(vulkan.name()).isEqualTo("vulkan");
        assertThat(real.conformanceDigest())
                .isEqualTo(open(OpenDeviceTest::noDriver, BackendChoice.CPU).conformanceDigest());
    }
}

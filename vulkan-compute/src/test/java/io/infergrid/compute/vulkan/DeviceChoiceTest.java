package io.infergrid.compute.vulkan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceChoiceTest {

    private static final DeviceFacts CARD = device("Radeon RX 7600", "00aa11bb22cc33dd44ee55ff66001122");
    private static final DeviceFacts OTHER_CARD = device("Radeon RX 6600", "00aa99bb22cc33dd44ee55ff66001122");
    private static final DeviceFacts OLD =
            device("Old card", "ffff0000000000000000000000000001", "it lacks Vulkan 1.2");
    private static final List<DeviceFacts> ALL = List.of(CARD, OTHER_CARD, OLD);

    @Test
    void without_a_wish_the_first_device_is_taken() {
        assertThat(DeviceChoice.BEST.among(ALL)).isEqualTo(CARD);
    }

    @Test
    void the_beginning_of_a_uuid_with_or_without_dashes_names_a_device() {
        assertThat(new DeviceChoice("00aa99bb-22cc-33dd-44ee-55ff66001122").among(ALL))
                .isEqualTo(OTHER_CARD);
        assertThat(new DeviceChoice("00AA99").among(ALL)).isEqualTo(OTHER_CARD);
    }

    @Test
    void a_part_of_a_name_names_a_device() {
        assertThat(new DeviceChoice("rx 6600").among(ALL)).isEqualTo(OTHER_CARD);
    }

    @Test
    void a_wish_that_fits_several_devices_is_refused_with_their_uuids() {
        assertThatThrownBy(() -> new DeviceChoice("radeon").among(ALL))
                .isInstanceOf(VulkanException.class)
                .hasMessageContaining("expected one device 'radeon', found Radeon RX 7600 (" + CARD.uuid())
                .hasMessageContaining(OTHER_CARD.uuid());
    }

    @Test
    void a_wish_that_fits_none_is_refused_with_what_there_is() {
        assertThatThrownBy(() -> new DeviceChoice("arc").among(ALL))
                .isInstanceOf(VulkanException.class)
                .hasMessageContaining("found only Radeon RX 7600");
    }

    @Test
    void a_device_that_cannot_be_used_is_refused_with_the_reason() {
        assertThatThrownBy(() -> new DeviceChoice("old").among(ALL))
                .isInstanceOf(VulkanException.class)
                .hasMessage("Old card cannot be used: it lacks Vulkan 1.2");
        assertThatThrownBy(() -> DeviceChoice.BEST.among(List.of(OLD))).hasMessageContaining("it lacks Vulkan 1.2");
        assertThatThrownBy(() -> DeviceChoice.BEST.among(List.of())).hasMessageContaining("found no device");
    }

    private static DeviceFacts device(String name, String uuid, String... missing) {
        return new DeviceFacts(
                name,
                DeviceKind.DISCRETE,
                "driver 1",
                "1.3.0",
                1,
                2,
                uuid,
                List.of(new DeviceFacts.Heap(8L << 30, -1, true)),
                1 << 27,
                1L << 31,
                32,
                1f,
                DeviceFacts.IntegerDots.ACCELERATED,
                MatrixTiles.NONE,
                "0000:01:00.0",
                List.of(missing));
    }
}

package io.infergrid.compute.vulkan;

import java.util.List;
import java.util.Objects;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** What properties of kernels share: one device for all tries, and the ways to cut kernels that are tried. */
abstract class DeviceProperties {

    private static final List<Tuning> TUNINGS = List.of(
            Tuning.of(DeviceKind.CPU),
            Tuning.of(DeviceKind.DISCRETE),
            new Tuning(4, 1 << 16, 4, false, 7, 1, false, MatrixTiles.NONE),
            new Tuning(1, 1 << 16, 32, true, 3, Integer.MAX_VALUE, false, MatrixTiles.NONE),
            Tuning.of(DeviceKind.DISCRETE).withIntegerDots(),
            Tuning.of(DeviceKind.DISCRETE).withTiles(MatrixTiles.EMULATED_16),
            Tuning.of(DeviceKind.DISCRETE).withTiles(MatrixTiles.EMULATED_32));

    private static @Nullable VulkanFixture opened;

    @BeforeContainer
    static void open() {
        opened = VulkanFixture.open();
    }

    @AfterContainer
    static void close() {
        if (opened != null) {
            opened.close();
        }
    }

    static VulkanFixture vulkan() {
        return Objects.requireNonNull(opened);
    }

    /** Those that this device can do. */
    static List<Tuning> tunings() {
        return vulkan().usable(TUNINGS);
    }
}

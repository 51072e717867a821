package io.infergrid.compute.vulkan;

import static org.lwjgl.vulkan.VK12.*;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** How fast a device's memory is read and copied, and how fast bytes go there and back. Each call is one measurement. */
public final class BandwidthProbe implements AutoCloseable {

    private static final int TEXELS_EACH = 64;

    private final long bytes;
    private final VulkanDevice device;
    // freed last first
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private final MemorySegment host;
    private final DeviceBuffer staging;
    private final DeviceBuffer readback;
    private final DeviceBuffer memory;
    private final CommandSequence copy;
    private final CommandSequence read;
    private final CommandSequence upload;
    private final CommandSequence download;

    /** @param bytes to move in each measurement; rounded up to a multiple of 32 KiB */
    public BandwidthProbe(VulkanBackend backend, long bytes) {
        long unit = 32L * 16 * TEXELS_EACH;
        this.bytes = (bytes + unit - 1) / unit * unit;
        device = backend.vulkanDevice();
        int groups = Math.toIntExact(this.bytes / unit);
        try {
            var arena = Arena.ofShared();
            owned.push(arena);
            host = arena.allocate(this.bytes, 64);
            host.fill((byte) 1);
            staging = own(device.buffer(this.bytes, DeviceMemory.Place.UPLOAD));
            readback = own(device.buffer(this.bytes, DeviceMemory.Place.READBACK));
            memory = own(device.texels(this.bytes, DeviceMemory.Place.DEVICE, VK_FORMAT_R32G32B32A32_UINT));
            DeviceBuffer other = own(device.zeroed(this.bytes));
            DeviceBuffer sums = own(device.zeroed(4L * 32 * groups));
            copy = own(new CommandSequence(device))
                    .copy(memory, 0, other, 0, this.bytes)
                    .end();
            upload = own(new CommandSequence(device))
                    .copy(staging, 0, memory, 0, this.bytes)
                    .end();
            download = own(new CommandSequence(device))
                    .copy(memory, 0, readback, 0, this.bytes)
                    .barrierToHost()
                    .end();
            Kernel kernel = device.kernel(new Kernel.Source("read_memory", "TS", 1, 0));
            read = own(new CommandSequence(device))
                    .dispatch(kernel, groups, 1, 1, List.of(memory, sums), TEXELS_EACH)
                    .end();
            toDevice();
        } catch (RuntimeException e) {
            Owned.closeAll(owned);
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        owned.push(part);
        return part;
    }

    /** Bytes a second that a kernel reads of device memory. */
    public double read() {
        return rate(read::run);
    }

    /** Bytes a second that are copied within device memory; each is read once and written once. */
    public double copy() {
        return rate(copy::run);
    }

    /** Bytes a second from the host's memory to the device's, as weights go. */
    public double toDevice() {
        return rate(() -> {
            staging.mapped().copyFrom(host);
            upload.run();
        });
    }

    /** Bytes a second from the device's memory to the host's, as results go. */
    public double fromDevice() {
        return rate(() -> {
            download.run();
            host.copyFrom(readback.mapped());
        });
    }

    private double rate(Runnable transfer) {
        long start = System.nanoTime();
        transfer.run();
        return bytes * 1e9 / (System.nanoTime() - start);
    }

    @Override
    public void close() {
        Owned.closeAll(owned);
    }
}

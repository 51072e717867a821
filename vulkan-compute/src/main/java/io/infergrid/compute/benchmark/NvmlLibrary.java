package io.infergrid.compute.benchmark;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The real library, which NVIDIA's driver installs ({@code libnvidia-ml.so.1}, {@code nvml.dll}); names and types are those of
 * nvml.h. Used by one thread at a time.
 */
final class NvmlLibrary implements Nvml {

    /** NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON. */
    private static final int FIELD_LINK_SPEED = 90;

    /** nvmlFieldValue_t: ids, two times, the value's type, its status, the value. */
    private static final MemoryLayout FIELD = MemoryLayout.structLayout(
            JAVA_INT.withName("fieldId"),
            JAVA_INT.withName("scopeId"),
            ValueLayout.JAVA_LONG.withName("timestamp"),
            ValueLayout.JAVA_LONG.withName("latencyUsec"),
            JAVA_INT.withName("valueType"),
            JAVA_INT.withName("nvmlReturn"),
            ValueLayout.JAVA_LONG.withName("value"));

    private static final long FIELD_STATUS = FIELD.byteOffset(MemoryLayout.PathElement.groupElement("nvmlReturn"));
    private static final long FIELD_VALUE = FIELD.byteOffset(MemoryLayout.PathElement.groupElement("value"));

    private final Arena arena;
    private final SymbolLookup symbols;

    private NvmlLibrary(Arena arena, SymbolLookup symbols) {
        this.arena = arena;
        this.symbols = symbols;
    }

    /** Loads and initialises the library; empty where there is none, or no driver that it could ask. */
    static Optional<Nvml> open() {
        boolean windows =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
        var arena = Arena.ofConfined();
        try {
            var library = new NvmlLibrary(
                    arena, SymbolLookup.libraryLookup(windows ? "nvml.dll" : "libnvidia-ml.so.1", arena));
            if (library.call("nvmlInit_v2") == SUCCESS) {
                return Optional.of(library);
            }
        } catch (IllegalArgumentException e) {
            // no such library on this machine
        }
        arena.close();
        return Optional.empty();
    }

    private int call(String name, Object... arguments) {
        var symbol = symbols.find(name);
        if (symbol.isEmpty()) {
            return NOT_SUPPORTED;
        }
        var layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = arguments[i] instanceof Integer ? JAVA_INT : ADDRESS;
        }
        MethodHandle handle =
                Linker.nativeLinker().downcallHandle(symbol.get(), FunctionDescriptor.of(JAVA_INT, layouts));
        try {
            return (int) handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException("the call of " + name + " failed", e);
        }
    }

    /** A call that leaves an unsigned int behind its arguments. */
    private int ask(String name, int[] answer, Object... arguments) {
        try (var scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(JAVA_INT);
            var all = Arrays.copyOf(arguments, arguments.length + 1);
            all[arguments.length] = out;
            int status = call(name, all);
            answer[0] = out.get(JAVA_INT, 0);
            return status;
        }
    }

    @Override
    public int card(String address, long[] card) {
        try (var scratch = Arena.ofConfined()) {
            MemorySegment out = scratch.allocate(ADDRESS);
            int status = call("nvmlDeviceGetHandleByPciBusId_v2", scratch.allocateFrom(address), out);
            card[0] = out.get(ADDRESS, 0).address();
            return status;
        }
    }

    @Override
    public int pcieGeneration(long card, int[] generation) {
        return ask("nvmlDeviceGetCurrPcieLinkGeneration", generation, MemorySegment.ofAddress(card));
    }

    @Override
    public int pcieLanes(long card, int[] lanes) {
        return ask("nvmlDeviceGetCurrPcieLinkWidth", lanes, MemorySegment.ofAddress(card));
    }

    @Override
    public int linkState(long card, int link, int[] active) {
        return ask("nvmlDeviceGetNvLinkState", active, MemorySegment.ofAddress(card), link);
    }

    @Override
    public int linkVersion(long card, int link, int[] version) {
        return ask("nvmlDeviceGetNvLinkVersion", version, MemorySegment.ofAddress(card), link);
    }

    @Override
    public int linkSpeed(long card, int[] megabytes) {
        try (var scratch = Arena.ofConfined()) {
            MemorySegment field = scratch.allocate(FIELD);
            field.set(JAVA_INT, 0, FIELD_LINK_SPEED);
            int status = call("nvmlDeviceGetFieldValues", MemorySegment.ofAddress(card), 1, field);
            megabytes[0] = field.get(JAVA_INT, FIELD_VALUE);
            return status == SUCCESS ? field.get(JAVA_INT, FIELD_STATUS) : status;
        }
    }

    @Override
    public void close() {
        call("nvmlShutdown");
        arena.close();
    }
}

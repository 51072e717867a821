package io.infergrid.app.care.sense;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.Optional;

/** How long keyboard and mouse of an X server have rested, by its screen saver extension. */
final class X11Idle implements Sensor<Duration> {

    /** XScreenSaverInfo: window, state and kind, time to the saver or since, milliseconds idle, event mask. */
    private static final int INFO_BYTES = 40;

    private static final int IDLE = 24;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment display;
    private final long root;
    private final MemorySegment info;
    private final MethodHandle query;
    private final MethodHandle closeDisplay;

    private X11Idle(String name) throws Unavailable {
        Linker linker = Linker.nativeLinker();
        SymbolLookup x11;
        SymbolLookup saver;
        try {
            x11 = SymbolLookup.libraryLookup("libX11.so.6", arena);
            saver = SymbolLookup.libraryLookup("libXss.so.1", arena);
        } catch (IllegalArgumentException e) {
            throw new Unavailable("libX11.so.6 or libXss.so.1 is missing (Debian: libxss1)");
        }
        MethodHandle open =
                linker.downcallHandle(x11.findOrThrow("XOpenDisplay"), FunctionDescriptor.of(ADDRESS, ADDRESS));
        closeDisplay =
                linker.downcallHandle(x11.findOrThrow("XCloseDisplay"), FunctionDescriptor.of(JAVA_INT, ADDRESS));
        MethodHandle rootWindow =
                linker.downcallHandle(x11.findOrThrow("XDefaultRootWindow"), FunctionDescriptor.of(JAVA_LONG, ADDRESS));
        query = linker.downcallHandle(
                saver.findOrThrow("XScreenSaverQueryInfo"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS));
        try {
            display = (MemorySegment) open.invokeExact(arena.allocateFrom(name));
            if (display.equals(MemorySegment.NULL)) {
                throw new Unavailable("the X server of display " + name + " does not answer");
            }
            root = (long) rootWindow.invokeExact(display);
        } catch (Unavailable | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        info = arena.allocate(INFO_BYTES, Long.BYTES);
    }

    private static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1;

        Unavailable(String why) {
            super(why);
        }
    }

    /** @param display as in the variable {@code DISPLAY} */
    static Sensor<Duration> of(String display) {
        try {
            return new X11Idle(display);
        } catch (Unavailable e) {
            return new Absent<>(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public Optional<Duration> read() {
        try {
            // 0 where the server lacks the extension
            return (int) query.invokeExact(display, root, info) == 0
                    ? Optional.empty()
                    : Optional.of(Duration.ofMillis(info.get(JAVA_LONG, IDLE)));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String how() {
        return "the X server's screen saver extension";
    }

    @Override
    public void close() {
        try {
            int _ = (int) closeDisplay.invokeExact(display);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}

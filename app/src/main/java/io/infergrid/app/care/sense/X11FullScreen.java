package io.infergrid.app.care.sense;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * The program whose window fills a screen of an X server, by the properties that window managers keep (Extended Window Manager Hints:
 * {@code _NET_ACTIVE_WINDOW}, {@code _NET_WM_STATE_FULLSCREEN}, {@code _NET_WM_PID}). Talks over a connection of its own by XCB, which
 * answers a request about a window that is gone with nothing, where Xlib would call the error handler of the whole process.
 */
final class X11FullScreen implements Sensor<String> {

    private static final int MOST_WORDS = 64;
    private static final int REPLY_FORMAT = 1;
    private static final int REPLY_COUNT = 16;
    private static final int REPLY_VALUE = 32;
    private static final int ATOM = 8;
    private static final int BITS_OF_A_WORD = 32;

    private static final MemoryLayout COOKIE = MemoryLayout.structLayout(JAVA_INT);
    private static final MemoryLayout ITERATOR = MemoryLayout.structLayout(ADDRESS, JAVA_INT, JAVA_INT);

    private final LongPredicate ours;
    private final Arena arena = Arena.ofShared();
    private final MethodHandle disconnect;
    private final MethodHandle hasError;
    private final MethodHandle getProperty;
    private final MethodHandle getPropertyReply;
    private final MethodHandle internAtom;
    private final MethodHandle internAtomReply;
    private final MethodHandle free;
    private final MemorySegment connection;
    private final int root;
    private final int activeWindow;
    private final int state;
    private final int fullScreen;
    private final int pid;

    private X11FullScreen(String display, LongPredicate ours) throws Unavailable {
        this.ours = ours;
        Linker linker = Linker.nativeLinker();
        SymbolLookup xcb;
        try {
            xcb = SymbolLookup.libraryLookup("libxcb.so.1", arena);
        } catch (IllegalArgumentException e) {
            throw new Unavailable("libxcb.so.1 is missing");
        }
        disconnect = linker.downcallHandle(xcb.findOrThrow("xcb_disconnect"), FunctionDescriptor.ofVoid(ADDRESS));
        hasError = linker.downcallHandle(
                xcb.findOrThrow("xcb_connection_has_error"), FunctionDescriptor.of(JAVA_INT, ADDRESS));
        getProperty = linker.downcallHandle(
                xcb.findOrThrow("xcb_get_property"),
                FunctionDescriptor.of(COOKIE, ADDRESS, JAVA_BYTE, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
        getPropertyReply = linker.downcallHandle(
                xcb.findOrThrow("xcb_get_property_reply"), FunctionDescriptor.of(ADDRESS, ADDRESS, COOKIE, ADDRESS));
        internAtom = linker.downcallHandle(
                xcb.findOrThrow("xcb_intern_atom"),
                FunctionDescriptor.of(COOKIE, ADDRESS, JAVA_BYTE, JAVA_SHORT, ADDRESS));
        internAtomReply = linker.downcallHandle(
                xcb.findOrThrow("xcb_intern_atom_reply"), FunctionDescriptor.of(ADDRESS, ADDRESS, COOKIE, ADDRESS));
        free = linker.downcallHandle(linker.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ADDRESS));
        MethodHandle connect =
                linker.downcallHandle(xcb.findOrThrow("xcb_connect"), FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS));
        MethodHandle getSetup =
                linker.downcallHandle(xcb.findOrThrow("xcb_get_setup"), FunctionDescriptor.of(ADDRESS, ADDRESS));
        MethodHandle roots = linker.downcallHandle(
                xcb.findOrThrow("xcb_setup_roots_iterator"), FunctionDescriptor.of(ITERATOR, ADDRESS));
        try {
            connection = (MemorySegment) connect.invokeExact(arena.allocateFrom(display), MemorySegment.NULL);
            if ((int) hasError.invokeExact(connection) != 0) {
                disconnect.invokeExact(connection);
                throw new Unavailable("the X server of display " + display + " does not answer");
            }
            var setup = (MemorySegment) getSetup.invokeExact(connection);
            var first = (MemorySegment) roots.invokeExact((java.lang.foreign.SegmentAllocator) arena, setup);
            // a screen begins with the id of its root window
            root = first.get(ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(4, JAVA_BYTE)), 0)
                    .get(JAVA_INT_UNALIGNED, 0);
            activeWindow = atom("_NET_ACTIVE_WINDOW");
            state = atom("_NET_WM_STATE");
            fullScreen = atom("_NET_WM_STATE_FULLSCREEN");
            pid = atom("_NET_WM_PID");
        } catch (Unavailable | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1;

        Unavailable(String why) {
            super(why);
        }
    }

    /** @param display as in the variable {@code DISPLAY} */
    static Sensor<String> of(String display, LongPredicate ours) {
        try {
            return new X11FullScreen(display, ours);
        } catch (Unavailable e) {
            return new Absent<>(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public Optional<String> read() {
        int[] active = words(root, activeWindow);
        if (active.length == 0 || active[0] == 0) {
            return Optional.empty();
        }
        if (IntStream.of(words(active[0], state)).noneMatch(atom -> atom == fullScreen)) {
            return Optional.empty();
        }
        int[] process = words(active[0], pid);
        if (process.length == 0) {
            return Optional.of("A full-screen program");
        }
        long id = Integer.toUnsignedLong(process[0]);
        return ours.test(id)
                ? Optional.empty()
                : Optional.of(RunningPrograms.of(id).orElse("A full-screen program"));
    }

    private int atom(String name) throws Throwable {
        try (var scope = Arena.ofConfined()) {
            var cookie = (MemorySegment) internAtom.invokeExact(
                    (java.lang.foreign.SegmentAllocator) scope,
                    connection,
                    (byte) 0,
                    (short) name.length(),
                    scope.allocateFrom(name));
            var reply = (MemorySegment) internAtomReply.invokeExact(connection, cookie, MemorySegment.NULL);
            if (reply.equals(MemorySegment.NULL)) {
                throw new IllegalStateException("expected the X server to know " + name + ", found no answer");
            }
            int atom = reply.reinterpret(ATOM + Integer.BYTES).get(JAVA_INT, ATOM);
            free.invokeExact(reply);
            return atom;
        }
    }

    /** A property that is a list of 32-bit words; none if there is no such window or property. */
    private int[] words(int window, int property) {
        try (var scope = Arena.ofConfined()) {
            var cookie = (MemorySegment) getProperty.invokeExact(
                    (java.lang.foreign.SegmentAllocator) scope,
                    connection,
                    (byte) 0,
                    window,
                    property,
                    0, // of any type
                    0,
                    MOST_WORDS);
            // an error of one request is passed over here: its reply is null
            var error = scope.allocate(ADDRESS);
            var reply = (MemorySegment) getPropertyReply.invokeExact(connection, cookie, error);
            var wrong = error.get(ADDRESS, 0);
            if (!wrong.equals(MemorySegment.NULL)) {
                free.invokeExact(wrong);
            }
            if (reply.equals(MemorySegment.NULL)) {
                return new int[0];
            }
            try {
                var header = reply.reinterpret(REPLY_VALUE);
                if (header.get(JAVA_BYTE, REPLY_FORMAT) != BITS_OF_A_WORD) {
                    return new int[0];
                }
                int count = Math.clamp(header.get(JAVA_INT, REPLY_COUNT), 0, MOST_WORDS);
                return reply.reinterpret(REPLY_VALUE + 4L * count)
                        .asSlice(REPLY_VALUE)
                        .toArray(JAVA_INT_UNALIGNED);
            } finally {
                free.invokeExact(reply);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String how() {
        return "the X server's active window";
    }

    @Override
    public void close() {
        try {
            disconnect.invokeExact(connection);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}

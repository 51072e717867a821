package io.infergrid.app;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The other half of what the launcher does about the line that the JVM prints for each start with the Vector API: while the JVM
 * boots, its standard error goes through a reader that drops that line, and the real one waits behind another descriptor. Here
 * the program takes it back, for Java and native code alike, before it says anything.
 */
final class StandardError {

    private static final int STANDARD_ERROR = 2;

    private StandardError() {}

    /** Does nothing unless the launcher says by {@code infergrid.stderr} where the real one is. */
    static void takeBack() {
        Integer real = Integer.getInteger("infergrid.stderr");
        if (real == null) {
            return;
        }
        try {
            int duplicated = (int) function("dup2", 2).invokeExact((int) real, STANDARD_ERROR);
            if (duplicated == STANDARD_ERROR) {
                int closed = (int) function("close", 1).invokeExact((int) real);
                assert closed == 0;
            }
        } catch (Throwable e) {
            // it goes on through the reader, which passes lines on
        }
    }

    private static MethodHandle function(String name, int parameters) {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup().find(name).orElseThrow();
        return linker.downcallHandle(
                address,
                parameters == 1
                        ? FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)
                        : FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }
}

package io.infergrid.app.core;

/**
 * One line of the self-test.
 *
 * @param name what was looked at, e.g. {@code Vulkan device}
 * @param found what was found, one line
 * @param nextStep what the owner can do about it; empty if nothing is to be done
 */
public record Check(String name, Status status, String found, String nextStep) {

    public enum Status {
        OK,
        /** Works, but less well than it could. */
        WARNING,
        FAILED
    }
}

package io.infergrid.compute.vulkan;

import java.util.Deque;

/** Frees what an owner has made, last first. */
final class Owned {

    private Owned() {}

    static void closeAll(Deque<AutoCloseable> owned) {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new VulkanException("freeing a device object failed", e);
            }
        }
    }
}

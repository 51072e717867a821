package io.infergrid.compute.vulkan;

import io.infergrid.compute.engine.StageInput;
import io.infergrid.compute.engine.StageOutput;
import io.infergrid.compute.engine.StageSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A session on the device: its position and the pages that hold its keys and values. */
final class VulkanSession implements StageSession {

    private final VulkanStage stage;
    private final int maxPositions;
    private int position;
    // numbers in the stage's pool; guarded by the stage
    private int[] pages = {};
    private @Nullable Suspended suspended;
    private boolean closed;

    /** Keys and values on the host. */
    private record Suspended(Arena arena, MemorySegment bytes, int pages) {}

    VulkanSession(VulkanStage stage, int maxPositions) {
        this.stage = stage;
        this.maxPositions = maxPositions;
    }

    VulkanStage stage() {
        return stage;
    }

    int maxPositions() {
        return maxPositions;
    }

    @Override
    public int position() {
        return position;
    }

    @Override
    public void rewind(int to) {
        Objects.checkIndex(to, position + 1);
        position = to;
        stage.exclusively(pool -> trim(pool, pagesOf(to)));
    }

    @Override
    public StageOutput forward(StageInput input, LogitsWanted wanted) {
        return stage.forward(List.of(new VulkanStage.Work(this, input, wanted))).getFirst();
    }

    @Override
    public void suspend() {
        stage.exclusively(pool -> {
            trim(pool, pagesOf(position));
            if (suspended != null || pages.length == 0) {
                return;
            }
            var arena = Arena.ofShared();
            try {
                MemorySegment bytes = arena.allocate(Math.max(1, pages.length * pool.pageBytes()), 16);
                pool.save(pages, bytes);
                suspended = new Suspended(arena, bytes, pages.length);
            } catch (RuntimeException e) {
                arena.close();
                throw e;
            }
            giveBack(pool, 0);
        });
    }

    /** Pages that the session must take before it has {@code more} positions. */
    int pagesNeeded(int more) {
        return Math.max(0, pagesOf(position + more) - pages.length);
    }

    /** Takes the pages for {@code more} positions, which the pool has; brings back what was suspended. */
    void take(KeyValuePool pool, int more) {
        int held = pages.length;
        pages = Arrays.copyOf(pages, Math.max(held, pagesOf(position + more)));
        for (int i = held; i < pages.length; i++) {
            pages[i] = pool.take();
        }
        if (suspended != null) {
            // fewer than were suspended if the session was rewound since
            int[] wanted = Arrays.copyOf(pages, pagesOf(position));
            pool.restore(wanted, suspended.pages(), suspended.bytes());
            suspended.arena().close();
            suspended = null;
        }
    }

    int[] pages() {
        return pages;
    }

    void moveTo(int to) {
        position = to;
    }

    private static int pagesOf(int positions) {
        return (positions + KeyValuePool.PAGE_POSITIONS - 1) / KeyValuePool.PAGE_POSITIONS;
    }

    /** Gives back all but the first {@code kept} pages; a suspended session that keeps none forgets what was saved. */
    private void trim(KeyValuePool pool, int kept) {
        if (suspended != null && kept == 0) {
            suspended.arena().close();
            suspended = null;
        }
        giveBack(pool, kept);
    }

    private void giveBack(KeyValuePool pool, int kept) {
        for (int i = kept; i < pages.length; i++) {
            pool.giveBack(pages[i]);
        }
        pages = Arrays.copyOf(pages, Math.min(kept, pages.length));
    }

    @Override
    public void close() {
        stage.exclusively(pool -> {
            if (!closed) {
                closed = true;
                trim(pool, 0);
            }
        });
    }
}

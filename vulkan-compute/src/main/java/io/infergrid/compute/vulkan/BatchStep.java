package io.infergrid.compute.vulkan;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** One step while it is put together: tokens of several sessions, each at its own position. */
final class BatchStep {

    /** A token whose result is read back: which one of which part. */
    private record Wanted(BatchPart part, int token) {}

    private final StepRunner runner;
    private final boolean head;
    private final List<StepParameters.Token> tokens = new ArrayList<>();
    private final List<Integer> headRows = new ArrayList<>();
    private final List<Wanted> wanted = new ArrayList<>();
    private final List<int[]> pages = new ArrayList<>();
    private int pageCount;

    /** @param head whether results are logits of the tokens that want them, or the boundary of every token */
    BatchStep(StepRunner runner, boolean head) {
        this.runner = runner;
        this.head = head;
    }

    /** Takes as many of a part's tokens as there is room for; false if some are left. */
    boolean add(BatchPart part) {
        if (tokens.size() == runner.mostTokens()) {
            return false;
        }
        int from = part.session().position();
        while (part.left() > 0 && tokens.size() < runner.mostTokens()) {
            int token = part.takeNext();
            runner.write(tokens.size(), part.vector(token));
            if (part.wants(token)) {
                wanted.add(new Wanted(part, token));
                if (head) {
                    headRows.add(tokens.size());
                }
            }
            tokens.add(new StepParameters.Token(from + token, pageCount));
        }
        pages.add(part.session().pages());
        pageCount += part.session().pages().length;
        return part.left() == 0;
    }

    void run() {
        runner.run(tokens, headRows, pages.stream().flatMapToInt(IntStream::of).toArray());
        for (int i = 0; i < wanted.size(); i++) {
            wanted.get(i).part().accept(wanted.get(i).token(), runner.result(i));
        }
    }
}

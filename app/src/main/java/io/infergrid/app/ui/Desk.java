package io.infergrid.app.ui;

import io.infergrid.app.core.Rig;
import java.util.function.Consumer;

/**
 * What every screen works with.
 *
 * @param navigator takes the user to another screen
 * @param messages shows one line to the user, e.g. that something failed
 * @param clipboard takes text that the user copies
 */
public record Desk(
        Rig rig,
        Texts texts,
        Formats formats,
        FxBindings bindings,
        Background background,
        Throughput throughput,
        Theme theme,
        FilePicker filePicker,
        Navigator navigator,
        Consumer<Message> messages,
        Consumer<String> clipboard) {

    /** A line that the user should see. */
    public record Message(Tone tone, String text) {}

    /** Tells a failure as one line: what was tried and what went wrong. */
    public void tellFailure(String key, Throwable failure) {
        var reason = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        messages.accept(new Message(Tone.DANGER, texts.get(key, reason)));
    }

    /** Puts {@code text} on the clipboard and says so. */
    public void copy(String text) {
        clipboard.accept(text);
        messages.accept(new Message(Tone.SUCCESS, texts.get("message.copied")));
    }
}

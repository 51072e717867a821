package io.infergrid.app.ui;

import io.infergrid.app.core.Rig;
import io.infergrid.app.core.Settings;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

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

    /** Stores other settings, in the background. */
    public void change(UnaryOperator<Settings> change) {
        inBackground(() -> rig.change(change), "settings.failed");
    }

    /** Does something with the rig that may block; a failure is told by the text of {@code failureKey}. */
    public void inBackground(Runnable work, String failureKey) {
        background.run(
                () -> {
                    work.run();
                    return true;
                },
                done -> {},
                failure -> tellFailure(failureKey, failure));
    }

    /** Puts {@code text} on the clipboard and says so. */
    public void copy(String text) {
        clipboard.accept(text);
        messages.accept(new Message(Tone.SUCCESS, texts.get("message.copied")));
    }
}

package io.infergrid.app.ui;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.ResourceBundle;

/** Every text of the window, by key, from a resource bundle. Patterns are those of {@link MessageFormat}. */
public final class Texts {

    private final ResourceBundle bundle;
    private final Locale locale;

    public Texts(ResourceBundle bundle, Locale locale) {
        this.bundle = bundle;
        this.locale = locale;
    }

    /** The texts in the language of the system, English where there is no translation. */
    public static Texts ofSystem() {
        var locale = Locale.getDefault(Locale.Category.DISPLAY);
        return new Texts(ResourceBundle.getBundle("io.infergrid.app.ui.strings", locale), locale);
    }

    /** The text of {@code key} with its places filled in; a missing key is a programming error and throws. */
    public String get(String key, Object... arguments) {
        return new MessageFormat(bundle.getString(key), locale).format(arguments);
    }

    /** The text of {@code key}, or {@code otherwise} where the bundle has none, e.g. for a figure that is newer than this window. */
    public String getOr(String key, String otherwise) {
        return bundle.containsKey(key) ? get(key) : otherwise;
    }

    public Locale locale() {
        return locale;
    }
}

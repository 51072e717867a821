package io.infergrid.app.ui;

import java.util.Enumeration;
import java.util.Locale;
import java.util.ResourceBundle;

/** A language that nobody speaks: every text of the bundle is longer, accented and bracketed, so that one that is not from it shows. */
final class PseudoLocale extends ResourceBundle {

    static final char OPEN = '⟦';
    static final char CLOSE = '⟧';

    private final ResourceBundle english = ResourceBundle.getBundle("io.infergrid.app.ui.strings", Locale.ROOT);

    static Texts texts() {
        return new Texts(new PseudoLocale(), Locale.ENGLISH);
    }

    @Override
    protected Object handleGetObject(String key) {
        return OPEN + accented(english.getString(key)) + CLOSE;
    }

    /** Accents the vowels outside the places of the pattern. */
    private static String accented(String pattern) {
        var words = new StringBuilder();
        var depth = 0;
        for (var c : pattern.toCharArray()) {
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            var at = "aeiouAEIOU".indexOf(c);
            words.append(depth == 0 && at >= 0 ? "àéîöûÀÉÎÖÛ".charAt(at) : c);
        }
        return words.toString();
    }

    @Override
    public Enumeration<String> getKeys() {
        return english.getKeys();
    }
}

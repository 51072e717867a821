package io.infergrid.compute.jinja;

import java.util.BitSet;
import java.util.function.UnaryOperator;

/**
 * A string that knows which of its characters a user wrote. Equal to any other with the same characters, whoever wrote them.
 * Immutable.
 */
public final class Text {

    static final Text EMPTY = of("");

    private final String characters;
    // empty if no character is a user's
    private final BitSet users;

    private Text(String characters, BitSet users) {
        this.characters = characters;
        this.users = users;
    }

    /** Characters of a template or of the program. */
    public static Text of(String characters) {
        return new Text(characters, new BitSet(0));
    }

    /** Characters that a user, or a model, wrote. */
    public static Text ofUser(String characters) {
        var users = new BitSet(characters.length());
        users.set(0, characters.length());
        return new Text(characters, users);
    }

    /** Whether the character at {@code index} is a user's. */
    public boolean isUsers(int index) {
        return users.get(index);
    }

    public int length() {
        return characters.length();
    }

    Text plus(Text after) {
        if (length() == 0 || after.length() == 0) {
            return length() == 0 ? after : this;
        }
        return new Builder().append(this).append(after).build();
    }

    Text part(int from, int to) {
        return new Text(characters.substring(from, to), users.get(from, to));
    }

    /** Another spelling of the same: users' characters stay theirs if the length does, else all become theirs. */
    Text spelled(UnaryOperator<String> change) {
        String changed = change.apply(characters);
        if (users.isEmpty()) {
            return of(changed);
        }
        return changed.length() == length() ? new Text(changed, users) : ofUser(changed);
    }

    /** Without the characters at either end that {@code unwanted} names; white space if it is empty. */
    Text stripped(boolean left, boolean right, String unwanted) {
        int from = 0;
        int to = length();
        while (left && from < to && goes(characters.charAt(from), unwanted)) {
            from++;
        }
        while (right && to > from && goes(characters.charAt(to - 1), unwanted)) {
            to--;
        }
        return part(from, to);
    }

    private static boolean goes(char c, String unwanted) {
        return unwanted.isEmpty() ? isSpace(c) : unwanted.indexOf(c) >= 0;
    }

    /** White space as Python's strings see it. */
    static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    /** The characters of several, in one. */
    static final class Builder {
        private final StringBuilder characters = new StringBuilder();
        private final BitSet users = new BitSet();

        Builder append(Text text) {
            int at = characters.length();
            for (int i = text.users.nextSetBit(0); i >= 0; i = text.users.nextSetBit(i)) {
                int end = text.users.nextClearBit(i);
                users.set(at + i, at + end);
                i = end;
            }
            characters.append(text.characters);
            return this;
        }

        Builder append(String template) {
            characters.append(template);
            return this;
        }

        /** @param user whether all of it stands for what a user wrote */
        Builder append(String written, boolean user) {
            users.set(characters.length(), characters.length() + written.length(), user);
            characters.append(written);
            return this;
        }

        int length() {
            return characters.length();
        }

        Text build() {
            return new Text(characters.toString(), (BitSet) users.clone());
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Text text && text.characters.equals(characters);
    }

    @Override
    public int hashCode() {
        return characters.hashCode();
    }

    @Override
    public String toString() {
        return characters;
    }
}

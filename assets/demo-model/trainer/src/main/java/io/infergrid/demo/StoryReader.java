package io.infergrid.demo;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads a story back with the grammar that stories come from, and counts where it slips: at each place where the grammar needs
 * the hero's or the friend's name, the character, the object or a pronoun, is it the right one?
 */
final class StoryReader {
    /**
     * What was found in one story.
     *
     * @param plot the plot that it follows from the first to the last paragraph, or empty
     * @param paragraphs how many there are
     * @param strange paragraphs that no plot has
     * @param names places for names
     * @param wrongNames names that are not the one introduced, or one name for two
     * @param characters places for what hero and friend are
     * @param wrongCharacters heroes that are not what was asked for, friends that are the same as the hero
     * @param objects places for the object
     * @param wrongObjects objects that were not asked for
     * @param looks places for how the object looks
     * @param wrongLooks looks that differ from the first
     * @param whereabouts places for where they live
     * @param wrongWhereabouts such that differ from the first
     * @param pronouns places for he, she and so on
     * @param wrongPronouns pronouns that differ from the first for the same one
     */
    record Findings(
            String plot,
            int paragraphs,
            int strange,
            int names,
            int wrongNames,
            int characters,
            int wrongCharacters,
            int objects,
            int wrongObjects,
            int looks,
            int wrongLooks,
            int whereabouts,
            int wrongWhereabouts,
            int pronouns,
            int wrongPronouns) {
        int slips() {
            return strange
                    + wrongNames
                    + wrongCharacters
                    + wrongObjects
                    + wrongLooks
                    + wrongWhereabouts
                    + wrongPronouns;
        }
    }

    private static final String NAME = "([A-Z][a-z]+)";
    private static final String NOUN = "([a-z]+(?: [a-z]+)??)";
    private static final String LOOK = "([a-z]+)";
    private static final String A = "(?:[Aa]n? )";
    private static final Map<String, String> ARTICLES = Map.of("akind", "kind", "afkind", "fkind");
    private static final Set<String> HERS = Set.of("she", "her");

    private record Found(String role, String value) {}

    private record Paragraph(Pattern pattern, List<String> roles) {}

    private record Plot(String name, List<Paragraph> paragraphs) {}

    private final List<Plot> plots;

    StoryReader(Grammar grammar) {
        plots = grammar.plots().stream()
                .map(plot -> new Plot(
                        plot.name(),
                        plot.paragraphs().stream()
                                .map(text -> paragraph(grammar, text))
                                .toList()))
                .toList();
    }

    /**
     * Counts the slips of one story.
     *
     * @param kind the character that was asked for
     * @param thing the object that was asked for
     */
    Findings read(String story, String kind, String thing) {
        var paragraphs = List.of(story.strip().split("\n\n"));
        for (var plot : plots) {
            var found = whole(plot, paragraphs);
            if (!found.isEmpty()) {
                return count(plot.name(), paragraphs.size(), 0, found, kind, thing);
            }
        }
        var found = new ArrayList<Found>();
        int strange = 0;
        for (var paragraph : paragraphs) {
            var some = plots.stream()
                    .flatMap(plot -> plot.paragraphs().stream())
                    .map(pattern -> match(pattern, paragraph))
                    .filter(match -> !match.isEmpty())
                    .findFirst();
            some.ifPresent(found::addAll);
            strange += some.isPresent() ? 0 : 1;
        }
        return count("", paragraphs.size(), strange, found, kind, thing);
    }

    private static List<Found> whole(Plot plot, List<String> paragraphs) {
        if (plot.paragraphs().size() != paragraphs.size()) {
            return List.of();
        }
        var found = new ArrayList<Found>();
        for (int i = 0; i < paragraphs.size(); i++) {
            var part = match(plot.paragraphs().get(i), paragraphs.get(i));
            if (part.isEmpty()) {
                return List.of();
            }
            found.addAll(part);
        }
        return found;
    }

    private static Findings count(
            String plot, int paragraphs, int strange, List<Found> found, String kind, String thing) {
        var hero = values(found, "H");
        var friend = values(found, "F");
        var heroes = values(found, "kind");
        var friends = values(found, "fkind");
        var objects = values(found, "o");
        var looks = values(found, "look");
        var places = values(found, "place");
        var his = values(found, "he");
        var theirs = values(found, "fhe");
        int wrongNames = different(hero) + different(friend);
        if (!hero.isEmpty() && !friend.isEmpty() && hero.getFirst().equals(friend.getFirst())) {
            wrongNames++;
        }
        return new Findings(
                plot,
                paragraphs,
                strange,
                hero.size() + friend.size(),
                wrongNames,
                heroes.size() + friends.size(),
                (int) (heroes.stream().filter(value -> !value.equals(kind)).count()
                        + friends.stream().filter(value -> value.equals(kind)).count()),
                objects.size(),
                (int) objects.stream().filter(value -> !value.equals(thing)).count(),
                looks.size(),
                different(looks),
                places.size(),
                different(places),
                his.size() + theirs.size(),
                different(his) + different(theirs));
    }

    private static List<String> values(List<Found> found, String role) {
        return found.stream()
                .filter(f -> f.role().equals(role))
                .map(Found::value)
                .toList();
    }

    private static int different(List<String> values) {
        return (int) values.stream()
                .filter(value -> !value.equals(values.getFirst()))
                .count();
    }

    // where several ways to read a paragraph exist, the first is taken: the grammar's sentences differ in their plain
    // words
    private static List<Found> match(Paragraph paragraph, String text) {
        var matcher = paragraph.pattern().matcher(text);
        if (!matcher.matches()) {
            return List.of();
        }
        var found = new ArrayList<Found>();
        found.add(new Found("paragraph", text));
        for (int g = 1; g <= matcher.groupCount(); g++) {
            var value = matcher.group(g);
            if (value == null) {
                continue;
            }
            var role = paragraph.roles().get(g - 1);
            boolean pronoun = role.equals("he") || role.equals("fhe");
            if (role.equals("place")) {
                value = value.toLowerCase(java.util.Locale.ROOT).replaceAll("\\b(?:an?|the) ", "");
            }
            var word = pronoun ? (HERS.contains(value.toLowerCase(java.util.Locale.ROOT)) ? "she" : "he") : value;
            found.add(new Found(role, word));
        }
        return found;
    }

    private static Paragraph paragraph(Grammar grammar, String text) {
        var roles = new ArrayList<String>();
        var pattern = new StringBuilder();
        pattern(grammar, text, pattern, roles, new HashSet<>());
        return new Paragraph(Pattern.compile(pattern.toString()), roles);
    }

    private static void pattern(
            Grammar grammar, String text, StringBuilder pattern, List<String> roles, Set<String> open) {
        grammar.parts(
                text,
                plain -> pattern.append("(?i:").append(Pattern.quote(plain)).append(")"),
                slot -> slot(slot, pattern, roles),
                rule -> {
                    if (!open.add(rule)) {
                        throw new IllegalArgumentException("a rule inside itself: " + rule);
                    }
                    pattern.append("(?:");
                    var alternatives = grammar.alternatives(rule);
                    for (int i = 0; i < alternatives.size(); i++) {
                        pattern.append(i == 0 ? "" : "|");
                        pattern(grammar, alternatives.get(i), pattern, roles, open);
                    }
                    pattern.append(")");
                    open.remove(rule);
                });
    }

    private static void slot(String slot, StringBuilder pattern, List<String> roles) {
        switch (slot) {
            case "H", "F" -> group(pattern, NAME, roles, slot);
            case "hero", "Hero", "friend", "Friend" -> {
                boolean hero = slot.endsWith("ero");
                pattern.append(A).append("(?:little )?");
                group(pattern, NOUN, roles, hero ? "kind" : "fkind");
                pattern.append(" named ");
                group(pattern, NAME, roles, hero ? "H" : "F");
            }
            case "kind" -> group(pattern, NOUN, roles, "kind");
            case "akind", "afkind" -> {
                pattern.append(A).append("(?:little )?");
                group(pattern, NOUN, roles, ARTICLES.getOrDefault(slot, "kind"));
            }
            case "o" -> group(pattern, NOUN, roles, "o");
            case "the_o" -> {
                pattern.append("[Tt]he ");
                group(pattern, NOUN, roles, "o");
            }
            case "ao" -> {
                pattern.append(A);
                group(pattern, NOUN, roles, "o");
            }
            case "aadjo" -> {
                pattern.append(A);
                group(pattern, LOOK, roles, "look");
                pattern.append(" ");
                group(pattern, NOUN, roles, "o");
            }
            case "hisadjo" -> {
                group(pattern, "([Hh]is|[Hh]er)", roles, "he");
                pattern.append(" ");
                group(pattern, LOOK, roles, "look");
                pattern.append(" ");
                group(pattern, NOUN, roles, "o");
            }
            case "adj" -> group(pattern, LOOK, roles, "look");
            case "at", "At", "there" -> group(pattern, "([A-Za-z ]+?)", roles, "place");
            case "he", "He", "fhe", "FHe" -> group(pattern, "([Hh]e|[Ss]he)", roles, pronoun(slot));
            case "him", "fhim" -> group(pattern, "(him|her)", roles, pronoun(slot));
            case "his", "His", "fhis" -> group(pattern, "([Hh]is|[Hh]er)", roles, pronoun(slot));
            default -> pattern.append("[^.\"]+?");
        }
    }

    private static String pronoun(String slot) {
        return slot.startsWith("f") || slot.startsWith("F") ? "fhe" : "he";
    }

    private static void group(StringBuilder pattern, String group, List<String> roles, String role) {
        pattern.append(group);
        roles.add(role);
    }
}

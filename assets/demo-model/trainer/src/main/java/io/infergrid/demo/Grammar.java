package io.infergrid.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A context-free grammar whose alternatives are drawn at random: {@code [rule]} is expanded anew, {@code [rule=]} once per
 * text, {@code [rule~slot]} three of four times as goes with the slot's value, {@code {slot}} is bound by the caller, and {@code <flag>} before an alternative opens it only where the flag is set.
 */
final class Grammar {
    private static final Pattern REFERENCE = Pattern.compile("\\[([a-z0-9.]+)(=?)(?:~([a-z]+))?]|\\{([A-Za-z_]+)}");
    private static final Pattern SENTENCE_START = Pattern.compile("(^|\n\n|[.!?] )(\"?[a-z])");

    /**
     * A text of several paragraphs.
     *
     * @param name of its rule
     * @param paragraphs unexpanded
     */
    record Plot(String name, List<String> paragraphs) {}

    private record Alternative(String flag, String text) {}

    private final Map<String, List<Alternative>> rules;

    private Grammar(Map<String, List<Alternative>> rules) {
        this.rules = rules;
    }

    /** Reads a grammar that lies beside this class. */
    static Grammar resource(String name) {
        var stream = Grammar.class.getResourceAsStream(name);
        if (stream == null) {
            throw new IllegalArgumentException("no grammar " + name);
        }
        try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            return parse(reader.lines().toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Grammar parse(List<String> lines) {
        var rules = new HashMap<String, List<Alternative>>();
        List<Alternative> current = new ArrayList<>();
        for (var line : lines) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (line.matches("[a-z0-9.]+:")) {
                current = rules.computeIfAbsent(line.substring(0, line.length() - 1), _ -> new ArrayList<>());
            } else if (line.startsWith("<") && !line.startsWith("<|")) {
                int close = line.indexOf('>');
                current.add(new Alternative(line.substring(1, close), line.substring(close + 1)));
            } else {
                current.add(new Alternative("", line));
            }
        }
        return new Grammar(rules);
    }

    static Grammar file(Path file) throws IOException {
        return parse(Files.readAllLines(file, StandardCharsets.UTF_8));
    }

    /** The texts that have several paragraphs. */
    List<Plot> plots() {
        return rules.keySet().stream()
                .sorted()
                .flatMap(rule -> alternatives(rule).stream()
                        .filter(text -> text.contains("|"))
                        .map(text -> new Plot(rule, List.of(text.split("\\|")))))
                .toList();
    }

    /** The alternatives of a rule, unexpanded, whatever their flags. */
    List<String> alternatives(String rule) {
        return rules.getOrDefault(rule, List.of()).stream()
                .map(Alternative::text)
                .toList();
    }

    /** Takes an unexpanded text apart, from left to right. */
    void parts(String text, Consumer<String> plain, Consumer<String> slot, Consumer<String> rule) {
        var reference = REFERENCE.matcher(text);
        int from = 0;
        while (reference.find()) {
            if (reference.start() > from) {
                plain.accept(text.substring(from, reference.start()));
            }
            if (reference.group(4) != null) {
                slot.accept(reference.group(4));
            } else {
                rule.accept(reference.group(1));
            }
            from = reference.end();
        }
        if (from < text.length()) {
            plain.accept(text.substring(from));
        }
    }

    /** Names of the rules that begin with a prefix, in alphabetical order. */
    List<String> rulesFrom(String prefix) {
        return rules.keySet().stream()
                .filter(name -> name.startsWith(prefix))
                .sorted()
                .toList();
    }

    /**
     * One text of a rule.
     *
     * @param slots values of the {@code {slot}}s
     * @param flags open flagged alternatives
     */
    String expand(String rule, Map<String, String> slots, Set<String> flags, RandomGenerator random) {
        return expand(rule, "", slots, flags, random, new HashMap<>());
    }

    /** As {@link #expand} with capitals where sentences start and paragraphs where the grammar has bars. */
    String prose(String rule, Map<String, String> slots, Set<String> flags, RandomGenerator random) {
        var text = expand(rule, slots, flags, random).replace("|", "\n\n");
        return SENTENCE_START
                .matcher(text)
                .replaceAll(
                        m -> Matcher.quoteReplacement(m.group(1) + m.group(2).toUpperCase(java.util.Locale.ROOT)));
    }

    private String expand(
            String rule,
            String lean,
            Map<String, String> slots,
            Set<String> flags,
            RandomGenerator random,
            Map<String, String> once) {
        var all = rules.get(rule);
        if (all == null) {
            throw new IllegalArgumentException("no rule " + rule);
        }
        var open = all.stream()
                .filter(a -> a.flag().isEmpty() || flags.contains(a.flag()))
                .toList();
        int chosen = lean.isEmpty() || random.nextInt(4) == 0
                ? random.nextInt(open.size())
                : Cast.favourite(slot(slots, lean), rule, open.size());
        var text = open.get(chosen).text();
        var matcher = REFERENCE.matcher(text);
        var result = new StringBuilder();
        while (matcher.find()) {
            matcher.appendReplacement(result, Matcher.quoteReplacement(value(matcher, slots, flags, random, once)));
        }
        return matcher.appendTail(result).toString();
    }

    private String value(
            Matcher reference,
            Map<String, String> slots,
            Set<String> flags,
            RandomGenerator random,
            Map<String, String> once) {
        if (reference.group(4) != null) {
            return slot(slots, reference.group(4));
        }
        var lean = Objects.requireNonNullElse(reference.group(3), "");
        var rule = reference.group(1);
        if (reference.group(2).isEmpty()) {
            return expand(rule, lean, slots, flags, random, once);
        }
        var known = once.get(rule);
        if (known == null) {
            known = expand(rule, lean, slots, flags, random, once);
            once.put(rule, known);
        }
        return known;
    }

    private static String slot(Map<String, String> slots, String name) {
        var value = slots.get(name);
        if (value == null) {
            throw new IllegalArgumentException("unbound slot " + name);
        }
        return value;
    }
}

package io.infergrid.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A context-free grammar whose alternatives are drawn at random: {@code [rule]} is expanded anew, {@code [rule=]} once per
 * text, {@code {slot}} is bound by the caller, and {@code <flag>} before an alternative opens it only where the flag is set.
 */
final class Grammar {
    private static final Pattern REFERENCE = Pattern.compile("\\[([a-z0-9.]+)(=?)]|\\{([A-Za-z_]+)}");
    private static final Pattern SENTENCE_START = Pattern.compile("(^|\n\n|[.!?] )(\"?[a-z])");

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
        return expand(rule, slots, flags, random, new HashMap<>());
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
        var text = open.get(random.nextInt(open.size())).text();
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
        if (reference.group(3) != null) {
            var value = slots.get(reference.group(3));
            if (value == null) {
                throw new IllegalArgumentException("unbound slot " + reference.group());
            }
            return value;
        }
        var rule = reference.group(1);
        if (reference.group(2).isEmpty()) {
            return expand(rule, slots, flags, random, once);
        }
        var known = once.get(rule);
        if (known == null) {
            known = expand(rule, slots, flags, random, once);
            once.put(rule, known);
        }
        return known;
    }
}

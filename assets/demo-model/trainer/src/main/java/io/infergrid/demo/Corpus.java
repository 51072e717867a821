package io.infergrid.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The endless text that the model reads: document {@code i} of a seed is always the same. Two of a hundred documents are
 * held out, chosen by the hash of their (hero, object) pair, or of their text where there is no story in them; so a story
 * about a held-out pair is never trained on.
 */
final class Corpus {
    static final String BOS = "<|bos|>";
    static final String END = "<|end|>";
    static final String USER = "<|user|>";
    static final String ASSISTANT = "<|assistant|>";
    static final String SYSTEM = "<|system|>";

    /**
     * One document.
     *
     * @param text with its special tokens spelt out
     * @param heldOut whether it is for measuring only
     */
    record Document(String text, boolean heldOut) {}

    private final long seed;
    private final Grammar stories = Grammar.resource("stories.grammar");
    private final Grammar chat = Grammar.resource("chat.grammar");
    private final List<String> topics;

    Corpus(long seed) {
        this.seed = seed;
        this.topics = chat.rulesFrom("q.").stream()
                .map(rule -> rule.substring(2))
                .filter(topic -> !Set.of("char", "object", "place").contains(topic))
                .toList();
    }

    Document document(long index) {
        var random = new SplittableRandom(mix(seed * 0x9E3779B97F4A7C15L + index));
        int sort = random.nextInt(100);
        if (sort < 12) {
            return plainStory(random);
        }
        return conversation(random, sort < 62);
    }

    private Document plainStory(RandomGenerator random) {
        var cast = Cast.draw(random);
        var text = BOS + story(cast, random.nextInt(4) == 0 ? "grid" : "story", random) + END;
        return new Document(text, heldOut(cast.combination()));
    }

    private Document conversation(RandomGenerator random, boolean storyFirst) {
        var text = new StringBuilder(BOS);
        if (random.nextInt(20) == 0) {
            text.append(SYSTEM)
                    .append("\n")
                    .append("You are a helpful assistant.")
                    .append(END)
                    .append("\n");
        }
        if (storyFirst) {
            if (random.nextInt(8) == 0) {
                turn(text, topic(pick(random, "hello", "bored", "yes", "can"), random));
            }
            var cast = Cast.draw(random);
            storyTurns(text, cast, random);
            return new Document(text.toString().strip(), heldOut(cast.combination()));
        }
        int turns = 1 + random.nextInt(4);
        for (int i = 0; i < turns; i++) {
            turn(
                    text,
                    random.nextInt(5) == 0
                            ? otherTopic(random)
                            : topic(topics.get(random.nextInt(topics.size())), random));
        }
        // the question decides, not what precedes it: a whole conversation is held out by its text
        return new Document(text.toString().strip(), heldOut(text.toString()));
    }

    private void storyTurns(StringBuilder text, Cast cast, RandomGenerator random) {
        var theme = theme(cast, random);
        boolean grid = theme.equals("grid");
        turn(text, new String[] {request(cast, theme, random), story(cast, theme, random)});
        if (random.nextInt(3) == 0) {
            var follow = grid ? "place" : pick(random, "char", "object", "place");
            turn(text, new String[] {
                chat.expand("q." + follow, cast.slots(), Set.of(), random),
                chat.expand("a." + follow, cast.slots(), Set.of(), random)
            });
        }
        if (random.nextInt(4) == 0) {
            turn(text, topic(pick(random, "thanks", "bye", "who", "what"), random));
        }
        if (random.nextInt(10) == 0) {
            // a new cast, but of the same (hero, object) pair, so that the pair still decides what is held out
            var another = cast.renamed(random);
            turn(text, new String[] {
                chat.expand("ask.more", Map.of(), Set.of(), random), story(another, "story", random)
            });
        }
    }

    /** One question in the chat format, up to where the answer begins. */
    static String prompt(String question) {
        return BOS + USER + "\n" + question + END + "\n" + ASSISTANT + "\n";
    }

    private static void turn(StringBuilder text, String[] pair) {
        text.append(USER).append("\n").append(pair[0]).append(END).append("\n");
        text.append(ASSISTANT).append("\n").append(pair[1]).append(END).append("\n");
    }

    private String[] topic(String topic, RandomGenerator random) {
        var question = chat.expand("q." + topic, Map.of(), Set.of(), random);
        return new String[] {loosely(question, random), chat.expand("a." + topic, Map.of(), Set.of(), random)};
    }

    private String[] otherTopic(RandomGenerator random) {
        var question = chat.expand("question.other", Map.of(), Set.of(), random);
        return new String[] {loosely(question, random), chat.expand("a.other", Map.of(), Set.of(), random)};
    }

    private String request(Cast cast, String theme, RandomGenerator random) {
        if (theme.equals("story") && random.nextInt(8) == 0) {
            return loosely(chat.expand("ask.free", Map.of(), Set.of(), random), random);
        }
        var about =
                theme.equals("story") ? subject(cast, random) : chat.expand("ask." + theme, Map.of(), Set.of(), random);
        return loosely(chat.expand("ask.start", Map.of(), Set.of(), random) + about, random);
    }

    // every part that is named here appears in the story
    private static String subject(Cast cast, RandomGenerator random) {
        var hero = cast.hero();
        var a = random.nextInt(6) == 0 ? hero.introduced() : Cast.article(hero.kind());
        var thing = random.nextInt(6) == 0
                ? cast.thing().described()
                : Cast.article(cast.thing().noun());
        return switch (random.nextInt(16)) {
            case 0, 1 -> a;
            case 2, 3, 4, 5, 6 -> a + " and " + thing;
            case 7 -> hero.name() + " and " + thing;
            case 8 -> a + " and " + Cast.article(cast.friend().kind());
            case 9 -> hero.name() + " and " + cast.friend().name();
            case 10 -> thing;
            case 11 -> hero.introduced() + " and " + thing;
            case 12 -> a + " who lives " + cast.place().at();
            case 13 -> a + ", " + Cast.article(cast.friend().kind()) + " and " + thing;
            case 14 -> a + " and " + Cast.article(cast.place().noun());
            default -> hero.name();
        };
    }

    /** As people type: sometimes with a greeting, without the last sign, or without capitals. */
    private String loosely(String question, RandomGenerator random) {
        var text = question;
        if (random.nextInt(12) == 0) {
            text = chat.expand("polite", Map.of(), Set.of(), random) + text;
        }
        int way = random.nextInt(10);
        if (way == 0) {
            text = text.replaceAll("[?!.]$", "");
        } else if (way == 1) {
            text = text.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + text.substring(1);
        } else if (way == 2 && !text.matches(".*[?!.]$")) {
            text = text + ".";
        }
        return text;
    }

    // one request in six names what should happen instead of who or what
    private static String theme(Cast cast, RandomGenerator random) {
        if (random.nextInt(12) == 0) {
            return "grid";
        }
        if (random.nextInt(11) > 0) {
            return "story";
        }
        var flags = cast.thing().flags();
        var themes = new ArrayList<>(List.of("afraid", "lent", "fair.race", "lost", "sound.door", "found"));
        if (flags.contains("light")) {
            themes.add("night");
            themes.add("night");
        }
        if (flags.contains("make")) {
            themes.add("gift");
        }
        if (flags.contains("mend")) {
            themes.add("broken");
        }
        if (flags.contains("garden")) {
            themes.add("garden.dry");
        }
        return themes.get(random.nextInt(themes.size()));
    }

    private String story(Cast cast, String theme, RandomGenerator random) {
        return stories.prose(theme, cast.slots(), cast.thing().flags(), random);
    }

    private static boolean heldOut(String key) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < key.length(); i++) {
            hash = (hash ^ key.charAt(i)) * 0x100000001B3L;
        }
        return Math.floorMod(mix(hash), 50) == 0;
    }

    // the finaliser of SplitMix64
    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }

    private static String pick(RandomGenerator random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}

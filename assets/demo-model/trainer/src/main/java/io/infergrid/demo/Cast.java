package io.infergrid.demo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Who and what a story is about: hero, friend, object, place, and the words that refer to them.
 *
 * @param hero the main character
 * @param friend the second character, of another kind, name and gender
 * @param thing the object
 * @param place where they live
 */
record Cast(Character hero, Character friend, Thing thing, Place place) {
    /**
     * A character.
     *
     * @param kind what it is, e.g. "fox"
     * @param name what it is called
     * @param female whether it is "she"
     * @param adjective "little" or empty
     */
    record Character(String kind, String name, boolean female, String adjective) {
        String described() {
            return article(adjective.isEmpty() ? kind : adjective + " " + kind);
        }

        String introduced() {
            return described() + " named " + name;
        }
    }

    /**
     * An object.
     *
     * @param noun its name
     * @param adjective how it looks
     * @param flags what can happen to it
     * @param broke what it does when it breaks, after "the lantern"
     * @param works what it does when it is mended
     * @param plot what mostly happens to it
     */
    record Thing(String noun, String adjective, Set<String> flags, String broke, String works, String plot) {
        String described() {
            return article(adjective + " " + noun);
        }

        /** Plots that it can have a part in. */
        List<String> plots() {
            var plots = new ArrayList<>(List.of(
                    ("lost1 lost2 lent1 lent2 afraid1 afraid2 wind door race garden2 found1 found2 funny1 funny2 sad1 bed1")
                            .split(" ")));
            if (flags.contains("mend")) {
                plots.addAll(List.of("broken1", "broken2", "contest"));
            }
            if (flags.contains("light")) {
                plots.addAll(List.of("night1", "night2"));
            }
            if (flags.contains("make")) {
                plots.addAll(List.of("gift1", "gift2"));
            }
            if (flags.contains("garden")) {
                plots.add("garden1");
            }
            return plots;
        }
    }

    /**
     * A place.
     *
     * @param noun how a request names it
     * @param at where it is, after "lived"
     */
    record Place(String noun, String at) {
        String there() {
            return at.replaceFirst("\\b(a|an)\\b", "the");
        }
    }

    static final List<String> KINDS = List.of(
            ("fox owl rabbit bear hedgehog mouse badger otter squirrel cat dog duck frog crow deer goat turtle hen wolf "
                            + "donkey sheep cow horse swan beaver penguin snail pig lion elephant monkey tiger dragon whale robot "
                            + "boy girl baker gardener fisher teacher painter sailor farmer tailor doctor king queen princess prince "
                            + "wizard witch captain knight pirate cook")
                    .split(" "));
    private static final Set<String> ALWAYS_HER = Set.of("girl", "queen", "princess", "witch", "hen", "cow");
    private static final Set<String> ALWAYS_HIM = Set.of("boy", "king", "prince", "wizard", "knight");

    // heroes and friends have names of their own, so a name says which of the two it is, and whether it is a she
    static final List<String> HER = List.of("Mia Ada Nora Lena Clara Lily Emma Anna Alice Iris".split(" "));
    static final List<String> HIM = List.of("Tom Ben Leo Max Finn Sam Noah Emil Jack Oskar".split(" "));
    static final List<String> FRIEND_HER = List.of("Rosa Ida Greta Hanna Maya Zoe Luna Flora Ruth Vera".split(" "));
    static final List<String> FRIEND_HIM = List.of("Otto Hugo Theo Paul Felix Bruno Milo Peter Henry Karl".split(" "));

    static final List<Place> PLACES = List.of(
            new Place("lighthouse", "in an old lighthouse by the sea"),
            new Place("mill", "in a mill by the river"),
            new Place("harbour", "in a small house at the harbour"),
            new Place("forest", "at the edge of a deep forest"),
            new Place("village", "in a quiet village"),
            new Place("hill", "on top of a green hill"),
            new Place("island", "on a tiny island"),
            new Place("orchard", "beside an apple orchard"),
            new Place("market", "near a busy market"),
            new Place("library", "above a library full of books"),
            new Place("farm", "on a small farm"),
            new Place("mountain", "high up on a mountain"),
            new Place("castle", "in an old castle"),
            new Place("garden", "in a house with a big garden"),
            new Place("lake", "by a silver lake"),
            new Place("town", "in a little town"),
            new Place("beach", "in a hut on the beach"),
            new Place("school", "next to a school"),
            new Place("meadow", "in a sunny meadow"),
            new Place("tower", "in a tall tower"));

    // noun / flags / broke / works / the plot that fits it best
    private static final List<String[]> THINGS = List.of(
            thing("lantern", "mend light make", "would not light any more", "shone brightly", "night1"),
            thing("lamp", "mend light", "went out and stayed dark", "glowed", "night2"),
            thing("mirror", "mend light", "had a crack", "was whole", "found1"),
            thing("kettle", "mend", "had a hole in the bottom", "whistled", "lent1"),
            thing("clock", "mend make", "had stopped ticking", "ticked", "broken1"),
            thing("watch", "mend", "had stopped", "ticked", "lost1"),
            thing("kite", "mend make sound", "had a tear", "flew", "contest"),
            thing("drum", "mend make sound", "made no sound any more", "boomed", "wind"),
            thing("bell", "mend sound", "had lost its ring", "rang", "door"),
            thing("flute", "mend make sound", "had a crack", "sang", "gift1"),
            thing("whistle", "mend make sound", "made no sound any more", "whistled", "race"),
            thing("violin", "mend", "had lost a string", "sang", "sad1"),
            thing("umbrella", "mend", "would not open any more", "opened", "lent2"),
            thing("radio", "mend", "had gone silent", "played", "broken2"),
            thing("telescope", "mend", "showed nothing but fog", "showed the stars", "lent1"),
            thing("compass", "mend", "pointed the wrong way", "pointed north", "afraid1"),
            thing("bicycle", "mend", "had a flat tire", "rolled", "broken1"),
            thing("basket", "mend make garden", "had lost its handle", "was strong", "garden1"),
            thing("bucket", "mend make garden", "had a hole", "held water", "garden1"),
            thing("ladder", "mend make garden", "had a broken step", "stood firm", "lent2"),
            thing("shovel", "mend garden", "had a broken handle", "was strong", "garden2"),
            thing("camera", "mend", "would not click any more", "clicked", "found2"),
            thing("button", "", "", "", "lost2"),
            thing("key", "", "", "", "found1"),
            thing("map", "", "", "", "lost1"),
            thing("book", "", "", "", "bed1"),
            thing("scarf", "make", "", "", "gift2"),
            thing("hat", "make", "", "", "funny1"),
            thing("blanket", "", "", "", "door"),
            thing("letter", "", "", "", "found2"),
            thing("coin", "", "", "", "found1"),
            thing("shell", "", "", "", "race"),
            thing("ring", "", "", "", "found2"),
            thing("feather", "", "", "", "afraid2"),
            thing("stone", "", "", "", "afraid1"),
            thing("spoon", "make", "", "", "funny2"),
            thing("ball", "", "", "", "race"),
            thing("doll", "make", "", "", "gift2"),
            thing("pen", "", "", "", "lent1"),
            thing("cup", "", "", "", "door"),
            thing("rope", "", "", "", "afraid2"),
            thing("flag", "make", "", "", "gift1"),
            thing("hammer", "", "", "", "lent2"),
            thing("coat", "", "", "", "sad1"),
            thing("sword", "", "", "", "lost2"),
            thing("crown", "make", "", "", "lost1"),
            thing("pumpkin", "", "", "", "funny2"),
            thing("candle", "light", "", "", "night2"),
            thing("teapot", "", "", "", "funny1"),
            thing("pillow", "", "", "", "bed1"));
    private static final List<String> LOOKS = List.of(
            "old red small blue green little silver yellow heavy shiny wooden brown white tiny beautiful strange golden"
                    .split(" "));

    private static String[] thing(String noun, String flags, String broke, String works, String plot) {
        return new String[] {noun, flags, broke, works, plot};
    }

    static List<String> thingNouns() {
        return THINGS.stream().map(t -> t[0]).toList();
    }

    static List<String> names() {
        return Stream.of(HER, HIM, FRIEND_HER, FRIEND_HIM).flatMap(List::stream).toList();
    }

    static List<String> looks() {
        return LOOKS;
    }

    /**
     * A cast at random. Of hero and friend one is a she and the other a he. Most heroes of a kind have the same name and live
     * at the same place, and most things look alike: so stories differ by what is asked for, also where nothing is left to
     * chance.
     */
    static Cast draw(RandomGenerator random) {
        var kind = any(KINDS, random);
        var thing = object(random);
        boolean female = ALWAYS_HER.contains(kind)
                || !ALWAYS_HIM.contains(kind)
                        && (random.nextInt(3) > 0 ? favourite(kind, "she", 2) == 0 : random.nextBoolean());
        var hero = new Character(kind, leaning(female ? HER : HIM, kind, "name", random), female, adjective(random));
        String other;
        do {
            other = leaning(KINDS, thing.noun(), "friend", random);
        } while (other.equals(kind) || (female ? ALWAYS_HER : ALWAYS_HIM).contains(other));
        var friend = new Character(
                other,
                leaning(female ? FRIEND_HIM : FRIEND_HER, thing.noun(), "name", random),
                !female,
                adjective(random));
        return new Cast(hero, friend, thing, leaning(PLACES, kind, "place", random));
    }

    private static String adjective(RandomGenerator random) {
        return random.nextInt(5) == 0 ? "little" : "";
    }

    private static Thing object(RandomGenerator random) {
        var chosen = any(THINGS, random);
        return new Thing(
                chosen[0],
                leaning(LOOKS, chosen[0], "look", random),
                Set.of(chosen[1].isEmpty() ? new String[0] : chosen[1].split(" ")),
                chosen[2],
                chosen[3],
                chosen[4]);
    }

    // two of three times the choice that goes with the key
    private static <T> T leaning(List<T> choices, String key, String what, RandomGenerator random) {
        return random.nextInt(3) > 0 ? choices.get(favourite(key, what, choices.size())) : any(choices, random);
    }

    private static <T> T any(List<T> choices, RandomGenerator random) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** The choice that goes with a word: always the same, spread evenly over words. */
    static int favourite(String word, String what, int choices) {
        return (int) Long.remainderUnsigned(Corpus.hash(what + "/" + word), choices);
    }

    /** Whether a name, a kind of hero or the object is the same. */
    boolean sharesWith(Cast other) {
        return hero.name().equals(other.hero.name())
                || friend.name().equals(other.friend.name())
                || hero.kind().equals(other.hero.kind())
                || thing.noun().equals(other.thing.noun());
    }

    static String article(String noun) {
        return ("aeiou".indexOf(noun.charAt(0)) >= 0 ? "an " : "a ") + noun;
    }

    static String capital(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** The pair that decides whether a document is held out. */
    String combination() {
        return hero.kind() + "+" + thing.noun();
    }

    /** Values of the grammars' slots. */
    Map<String, String> slots() {
        var slots = new HashMap<String, String>();
        slots.put("hero", hero.introduced());
        slots.put("Hero", capital(hero.introduced()));
        slots.put("H", hero.name());
        slots.put("kind", hero.kind());
        slots.put("akind", hero.described());
        pronouns(slots, "", hero.female());
        slots.put("friend", friend.introduced());
        slots.put("Friend", capital(friend.introduced()));
        slots.put("F", friend.name());
        slots.put("afkind", friend.described());
        pronouns(slots, "f", friend.female());
        slots.put("FHe", friend.female() ? "She" : "He");
        slots.put("o", thing.noun());
        slots.put("ao", article(thing.noun()));
        slots.put("the_o", "the " + thing.noun());
        slots.put("adj", thing.adjective());
        slots.put("aadjo", thing.described());
        slots.put("hisadjo", (hero.female() ? "her " : "his ") + thing.adjective() + " " + thing.noun());
        slots.put("broke", thing.broke());
        slots.put("works", thing.works());
        slots.put("at", place.at());
        slots.put("At", capital(place.at()));
        slots.put("there", place.there());
        slots.put("place", place.noun());
        return slots;
    }

    private static void pronouns(Map<String, String> slots, String prefix, boolean female) {
        slots.put(prefix + "he", female ? "she" : "he");
        slots.put(prefix + "him", female ? "her" : "him");
        slots.put(prefix + "his", female ? "her" : "his");
        if (prefix.isEmpty()) {
            slots.put("He", female ? "She" : "He");
            slots.put("His", female ? "Her" : "His");
        }
    }
}

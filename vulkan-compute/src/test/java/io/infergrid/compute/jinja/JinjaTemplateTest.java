package io.infergrid.compute.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.time.Duration;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JinjaTemplateTest {

    private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 3, 16, 5, 9);
    private static final Map<String, Object> VALUES = values();

    /** What Jinja2 3.1.6 writes, with trim_blocks and lstrip_blocks, as chat templates are rendered. */
    static Stream<Arguments> templates() {
        return Stream.of(
                arguments(
                        "{{ n + 2 * 3 - 1 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 7 / 2 }} {{ x * 2 }} {{ n ~ 'a' ~ x }}",
                        "8 3 -4 2 8 3.5 3.0 3a1.5"),
                arguments(
                        "{{ [1, 2, 'a'] }} {{ [true, none, 1.0] }} {{ d }} {{ {'k': 'v'}['k'] }} {{ 'a' in 'cat' }} {{ 4 not in [1, 2] }} {{ 'a' in d }}",
                        "[1, 2, 'a'] [True, None, 1.0] {'b': 1, 'a': [True, None, '\u00e9']} v True True True"),
                arguments(
                        "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' == \"a\" }} {{ 1 == 1.0 }} {{ true == 1 }} {{ not n }} {{ n and 0 or 'z' }} {{ empty or 'none' }}",
                        "True False True True True False z none"),
                arguments(
                        "{{ 'yes' if n > 2 else 'no' }}{{ 'shown' if n > 5 }}|{{ missing }}|{{ missing is defined }} {{ d.a is defined }} {{ d.c is undefined }}",
                        "yes||False True True"),
                arguments(
                        "{{ messages[0].content | trim }}|{{ messages[0]['content'].strip() }}|{{ messages[-1].role }}|{{ messages[1:] | length }}|{{ messages[::-1][0].role }}",
                        "Be brief.|Be brief.|assistant|2|assistant"),
                arguments(
                        "{{ name[4:] }} {{ name[:-3] }} {{ name[::-1] }} {{ name[1] }} {{ 'abc'[5:] }}|{{ [1,2,3,4][1:3] }} {{ [1,2,3,4][::2] }} {{ [1,2,3,4][-2:] }}",
                        "lovelace ada lovel ecalevol ada d |[2, 3] [1, 3] [3, 4]"),
                arguments(
                        "{{ messages[2].content.split('</think>')[-1].lstrip('\\n') }}|{{ messages[2].content.split('</think>')[0].split('<think>')[-1].strip('\\n') }}",
                        "Hello!|hm"),
                arguments(
                        "{{ 'a,b,,c'.split(',') }} {{ ' a  b c '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a-b'.replace('-', '+') }} {{ name.title() }} {{ name.upper() }} {{ 'xyx'.strip('x') }}",
                        "['a', 'b', '', 'c'] ['a', 'b', 'c'] ['a', 'b c'] a+b Ada Lovelace ADA LOVELACE y"),
                arguments(
                        "{{ name.startswith('ada') }} {{ name.endswith(('x', 'lace')) }} {{ ', '.join(['a', 'b']) }} {{ 'hEllo'.capitalize() }} {{ name.find('love') }}",
                        "True True a, b Hello 4"),
                // as Python 3 and Jinja 3.1 write it
                arguments(
                        "{{ 'a\\n\\n'.splitlines() }} {{ ['a\\n', \"b'\"] }} {{ '3.7' | int }} {{ 0.00001 }} {{ 1e16 }} {{ 0.0005 }} {{ 'abc' | reverse }}{{ 'abc' | first }}{{ 'abc' | last }} {{ [1] | tojson(indent=none) }}",
                        "['a', ''] ['a\\n', \"b'\"] 3 1e-05 1e+16 0.0005 cbaac [1]"),
                arguments(
                        "{{ 'a\\n\\nb' | indent(2) }}|{{ 'a\\n\\nb' | indent(1, true, true) }}|{{ ['b', 'A', 'a'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ ['a', 'A'] | unique | list }} {{ ({'b': 1, 'a': 2} | dictsort(by='value', reverse=true))[0][0] }}",
                        "a\n\n  b| a\n \n b|['A', 'a', 'b'] ['A', 'b'] ['a'] a"),
                arguments(
                        "{{ [1, 2, 3][::9223372036854775807] }} {{ [1, 2, 3][2::-9223372036854775807] }} {{ range(9223372036854775806, 9223372036854775807, 5) | length }} {{ 'a b c d'.split(none, 2) }}",
                        "[1] [3] 1 ['a', 'b', 'c d']"),
                arguments(
                        "{% for m in messages %}{{ loop.index }}/{{ loop.length }}:{{ m.role }}{% if not loop.last %}, {% endif %}{% endfor %}",
                        "1/3:system, 2/3:user, 3/3:assistant"),
                arguments(
                        "{% for m in messages if m.role != 'system' %}{{ loop.index0 }}{{ m['role'] }}{{ loop.first }}{% else %}never{% endfor %}|{% for m in empty %}x{% else %}none{% endfor %}",
                        "0userTrue1assistantFalse|none"),
                arguments(
                        "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'ab' %}[{{ c }}]{% endfor %}",
                        "b=1;a=[True, None, '\u00e9'];ba[a][b]"),
                arguments(
                        "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}{% set ns.n = ns.n + loop.index %}{% if m.role == 'user' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }} {{ ns.n }}",
                        "True 6"),
                arguments(
                        "{% set y = 1 %}{% for i in range(3) %}{% set y = y + i %}{{ y }}{% endfor %}{{ y }} {% if true %}{% set y = 9 %}{% endif %}{{ y }}",
                        "1231 9"),
                arguments(
                        "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %} {{ range(2, 9, 3) | list }}",
                        "0134 [2, 5, 8]"),
                arguments(
                        "{% macro greet(who, how='Hi') %}{{ how }} {{ who }}!{% endmacro %}{{ greet('Bob') }} {{ greet('Eve', how='Bye') }} {{ greet(who=name) | upper }}",
                        "Hi Bob! Bye Eve! HI ADA LOVELACE!"),
                arguments(
                        "{% set block %}a{{ n }}b{% endset %}{{ block | length }}{{ block }} {% set a, b = 1, 2 %}{{ b }}{{ a }}",
                        "3a3b 21"),
                arguments(
                        "{{ d | tojson }} {{ d | tojson(indent=2) }} {{ messages[1] | tojson }} {{ [] | tojson(indent=4) }}",
                        "{\"b\": 1, \"a\": [true, null, \"\u00e9\"]} {\n  \"b\": 1,\n  \"a\": [\n    true,\n    null,\n    \"\u00e9\"\n  ]\n} {\"role\": \"user\", \"content\": \"Hi \\\"you\\\"\"} []"),
                arguments(
                        "{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'equalto', 'user') | map(attribute='role') | list }}",
                        "system, user, assistant 1 ['system', 'assistant']"),
                arguments(
                        "{{ [3, 1, 2] | sort }} {{ [1, 1, 2] | unique | list }} {{ ['b', 'a'] | map('upper') | list }} {{ [0, 1, 2] | select('odd') | list }} {{ [0, 1] | select | list }} {{ (d | dictsort)[0][0] }}",
                        "[1, 2, 3] [1, 2] ['B', 'A'] [1] [1] a"),
                arguments(
                        "{{ missing | default('dflt') }} {{ '' | default('e', true) }} {{ '42' | int + 1 }} {{ 'x' | int }} {{ '2.5' | float }} {{ [1, 2] | first }} {{ [1, 2] | last }} {{ -3 | abs }}",
                        "dflt e 43 0 2.5 1 2 3"),
                arguments(
                        "{{ 3 is odd }} {{ 4 is divisibleby 2 }} {{ n is number }} {{ name is string }} {{ d is mapping }} {{ name is iterable }} {{ none is none }} {{ n is not none }} {{ 'a' is in ['a'] }} {{ n is integer }} {{ t is true }}",
                        "True True True True True True True True True True True"),
                arguments("{{- n -}}   ", "3"),
                arguments("  {{- ' tight ' -}}", " tight "),
                arguments(" {%- if true -%}  inner  {%- endif -%}  end", "innerend"),
                arguments(
                        "{% if n == 1 %}one{% elif n == 3 %}three{% else %}other{% endif %} {# a comment #} {{ \"esc\\\"aped\\n\\ttab\" }} {{ 'it''s' }} {{ '\\u00e9' }}",
                        "three  esc\"aped\n\ttab its \u00e9"),
                arguments(
                        "{% raw %}{{ not run }}{% endraw %} {{ '{{' }} {{ not missing is defined }} {{ not (n == 3) }} {{ 'a' 'b' ~ 'c' }}",
                        "{{ not run }} {{ True False abc"),
                arguments(
                        "{{ {'a': {'b': [10, 20]}}.a.b[1] }} {{ d.get('zz', 'dflt') }} {{ d.get('b') }} {{ d.keys() | list }} {{ d.values() | list }} {{ dict(q=1) }} {{ 'ab' * 3 }} {{ [1] + [2] }}",
                        "20 dflt 1 ['b', 'a'] [1, [True, None, '\u00e9']] {'q': 1} ababab [1, 2]"),
                arguments("    {% if n %}\n    x\n    {% endif %}\ny\n", "    x\ny"),
                arguments("{%- for i in [1, 2] %}\n    {{ i }}\n{%- endfor %}\n\nz", "    1    2\nz"),
                arguments("a\n  {#- c -#}  \n b", "ab"),
                arguments("{% for i in [1,2] -%}\n  {{ i }},\n{% endfor %}|", "1,\n2,\n|"),
                arguments("  {%+ if n %} k {% endif +%}\nq", "   k \nq"),
                arguments("{{ n }}\n{{ n }}\n", "3\n3"));
    }

    @ParameterizedTest
    @MethodSource("templates")
    void templates_are_written_as_jinja_writes_them(String template, String written) {
        assertThat(render(template).toString()).isEqualTo(written);
    }

    @Test
    void the_time_is_told_as_strftime_tells_it() {
        assertThat(render("{{ strftime_now('%d %b %Y, %A %B %H:%M:%S %I %p %y-%m %j 100%%') }}")
                        .toString())
                .isEqualTo("03 Nov 2026, Tuesday November 16:05:09 04 PM 26-11 307 100%");
    }

    @Test
    void every_character_is_known_to_be_the_template_s_or_the_user_s() {
        assertThat(users("[{{ user }}]")).isEqualTo("[UUUUU]");
        assertThat(users("{{ '[' + user.strip() ~ ']' }}{{ user | trim | upper }}"))
                .isEqualTo("[UUU]UUU");
        assertThat(users("{{ user[1:3] }}-{{ user.split('b')[1] }}-{{ user.replace('b', '+') }}"))
                .isEqualTo("UU-UU-UU+UU");
        assertThat(users("{% set x %}<{{ user }}>{% endset %}{{ x | length }}{{ x }}"))
                .isEqualTo("7<UUUUU>");
        assertThat(users("{{ {user: user} | tojson }}")).isEqualTo("{\"UUUUU\": \"UUUUU\"}");
        assertThat(users("{{ [user, 'k'] | join('/') }}{{ [user] }}")).isEqualTo("UUUUU/k['UUUUU']");
        assertThat(users("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(user) }}{% for c in user %}.{{ c }}{% endfor %}"))
                .isEqualTo("<UUUUU>.U.U.U.U.U");
        assertThat(users("{{ user | title }}{{ user | replace('a', '&') }}{{ user * 2 }}"))
                .isEqualTo("UUUUUU&UUUUUUUUUUUUU");
    }

    /** The template's own characters, and a U for each of the user's. */
    private static String users(String template) {
        Text text = JinjaTemplate.parse(template).render(Map.of("user", Text.ofUser(" abc ")), NOW);
        var shown = new StringBuilder(text.toString());
        for (int i = 0; i < text.length(); i++) {
            if (text.isUsers(i)) {
                shown.setCharAt(i, 'U');
            }
        }
        return shown.toString();
    }

    @Test
    void what_is_wrong_is_said_with_the_line() {
        assertRefused("a\n{% if x %}", "line 2: expected one of elif, else, endif, found the end of the template");
        assertRefused("{{ 1 + }}", "line 1: expected a value, found '}}'");
        assertRefused(
                "{% include 'x' %}",
                "expected if, for, set, macro, break, continue, generation or raw, found 'include'");
        assertRefused("{{ 'abc }}", "expected the end of a string");
        assertRefused("{{ missing.role }}", "expected a value with 'role', found 'missing', which is not defined");
        assertRefused("{{ 'a' + 1 }}", "expected an integer, found a string");
        assertRefused("{{ 1 // 0 }}", "expected a divisor, found 0");
        assertRefused("{{ 'a' | nothing }}", "expected a filter that is known, found 'nothing'");
        assertRefused("{{ 1 is nothing }}", "expected a test that is known, found 'nothing'");
        assertRefused("{{ name.format('x') }}", "expected a function to call, found 'a string's format'");
        assertRefused("{{ 9223372036854775807 + 1 }}", "expected a result below 2^63");
        assertRefused("{{ raise_exception('roles must alternate') }}", "the template says: roles must alternate");
        assertRefused("{{ [1] | map }}", "expected the name of a filter or an attribute to map with");
        assertRefused("{{ [] in {1: 2} }}", "expected a string or a number as a key, found a list");
        assertRefused("x".repeat(JinjaTemplate.LONGEST + 1), "expected a template of at most 262144 characters");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ name.__class__ }}",
                "{{ name.getClass() }}",
                "{{ messages.append(1) }}",
                "{{ namespace.__init__ }}",
                "{{ d.class.forName('java.lang.Runtime') }}",
                "{{ self.__init__.__globals__ }}"
            })
    void nothing_outside_the_template_can_be_reached(String template) {
        assertThatThrownBy(() -> {
                    Text written = render(template);
                    // what is undefined may be written, as nothing
                    if (written.length() == 0) {
                        throw new JinjaException("nothing");
                    }
                })
                .isInstanceOf(JinjaException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
                "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(90) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{{ 'a' * 1000000000000 }}",
                "{% for i in range(99999) %}{{ 'a' * 10000 }}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(x) %}{{ m(x + 1) }}{{ m(x + 1) }}{% endmacro %}{{ m(0) }}",
                "{{ range(9999999999) }}",
                "{{ range(1, 9223372036854775807, 9223372036854775806) | list | length * 'a' }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(400) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(400) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == ns.x }}{{ ns.x }}",
                "{% set a = 'a' * 100000 %}{% for i in range(90000) %}{% if (a + 'b') in a %}{% endif %}{% endfor %}",
                "{% set a = 'a' * 1000000 %}{% for i in range(90000) %}{% if 'ab' in a %}{% endif %}{% endfor %}",
                "{% set r = range(90000) %}{% for i in range(100000) %}{% for j in r %}{% break %}{% endfor %}{{ r | join }}{% endfor %}",
                "{% set a = 'a' * 9000000 %}{% set b = a ~ 'b' %}{% for i in range(90000) %}{% if a < b %}{% endif %}{% endfor %}",
                "{% set a = 'a' * 9000000 %}{% for i in range(90000) %}{{ a | length }}{{ a.startswith([a, a, a]) }}{% endfor %}",
                "{% set a = '%Y' * 90000 %}{% for i in range(90000) %}{{ strftime_now(a) }}{% endfor %}",
                "{{ [[1,2]] | tojson(indent=99999999) }}{% for i in range(90000) %}{{ messages | tojson(indent=16) }}{% endfor %}"
            })
    void a_template_that_costs_too_much_is_refused_in_time(String template) {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> assertRefused(template, "expected"));
    }

    @Test
    void deep_nesting_is_refused_before_the_stack_ends() {
        var pairs = Map.of(
                "(", ")", "[", "]", "{1:", "}", "-", "", "not ", "", "d.get(", ")", "d[", "]", "1 if 1 else ", "");
        pairs.forEach((open, close) ->
                assertRefused("{{ " + open.repeat(5000) + "1" + close.repeat(5000) + " }}", "nesting of at most 100"));
        assertRefused("{% if a %}".repeat(5000), "nesting of at most 100");
        assertRefused("{% for i in a %}".repeat(5000), "nesting of at most 100");
        assertRefused("{{ 1" + " + 1".repeat(5000) + " }}", "nests at most");
        assertRefused("{{ d" + ".a".repeat(5000) + " }}", "nests at most");
        assertRefused("{{ 'a'" + " | trim".repeat(5000) + " }}", "nests at most");
        assertRefused("{% if 0 %}" + "{% elif 0 %}".repeat(5000) + "{% endif %}", "nesting of at most 100");
    }

    @Property(tries = 2000)
    void any_text_is_a_template_or_refused(@ForAll String text, @ForAll("soups") String soup) {
        exercise(text);
        exercise("{{" + text + "}}");
        exercise(soup);
    }

    private static void exercise(String template) {
        try {
            render(template);
        } catch (JinjaException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    @Provide
    Arbitrary<String> soups() {
        return Arbitraries.of(
                        "{{",
                        "}}",
                        "{%",
                        "%}",
                        "{%-",
                        "-%}",
                        "{{-",
                        "-}}",
                        "{#",
                        "#}",
                        " if ",
                        " else ",
                        " elif ",
                        " endif ",
                        " for ",
                        " in ",
                        " endfor ",
                        " set ",
                        " endset ",
                        " macro m(",
                        " endmacro ",
                        "messages",
                        "name",
                        "d",
                        "n",
                        "loop",
                        "x",
                        "[0]",
                        "[1:]",
                        "[::-1]",
                        ".role",
                        ".items()",
                        ".strip()",
                        ".split('a')",
                        "|trim",
                        "|length",
                        "|tojson",
                        "|join(',')",
                        "|map('upper')",
                        "|list",
                        " is defined",
                        " is not none",
                        " == ",
                        " + ",
                        " ~ ",
                        " * ",
                        " - ",
                        "'a'",
                        "\"b\"",
                        "1",
                        "2.5",
                        "(",
                        ")",
                        "[",
                        "]",
                        "{",
                        "}",
                        ",",
                        ":",
                        "=",
                        "namespace(a=1)",
                        "range(3)",
                        "{% for m in messages %}",
                        "{% endfor %}",
                        "{{ m.role }}",
                        "{% if n %}",
                        "{% endif %}",
                        "\n",
                        "  ",
                        "text")
                .list()
                .ofMaxSize(30)
                .map(parts -> String.join("", parts));
    }

    private static Text render(String template) {
        return JinjaTemplate.parse(template).render(VALUES, NOW);
    }

    private static void assertRefused(String template, String message) {
        assertThatThrownBy(() -> render(template))
                .isInstanceOf(JinjaException.class)
                .hasMessageContaining(message);
    }

    private static Map<String, Object> message(String role, String content) {
        var message = new LinkedHashMap<String, Object>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private static Map<String, Object> values() {
        var values = new LinkedHashMap<String, Object>();
        values.put(
                "messages",
                List.of(
                        message("system", " Be brief. "),
                        message("user", "Hi \"you\""),
                        message("assistant", "<think>\nhm\n</think>\n\nHello!")));
        values.put("n", 3);
        values.put("x", 1.5);
        values.put("t", true);
        values.put("name", "ada lovelace");
        values.put("empty", List.of());
        var d = new LinkedHashMap<String, Object>();
        d.put("b", 1);
        d.put("a", Arrays.asList(true, null, "\u00e9"));
        values.put("d", d);
        return values;
    }
}

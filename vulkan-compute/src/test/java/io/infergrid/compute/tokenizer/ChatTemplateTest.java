package io.infergrid.compute.tokenizer;

import static io.infergrid.compute.tokenizer.ChatMessage.assistant;
import static io.infergrid.compute.tokenizer.ChatMessage.system;
import static io.infergrid.compute.tokenizer.ChatMessage.user;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.compute.gguf.GgufMetadata;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/**
 * Templates written as the makers write theirs (loops with conditions, namespaces, white space marks, refusals), and the prompts
 * that the makers' documentation shows.
 */
class ChatTemplateTest {

    private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 21, 6, 0);
    private static final List<ChatMessage> TALK =
            List.of(system("Be brief."), user("Hi"), assistant("Hello!"), user("Bye"));
    private static final List<ChatMessage> QUESTION = List.of(user("Hi"));

    /** Meta, "Llama 3.1 prompt format": dates in the system header, content trimmed. */
    private static final String LLAMA_3 = """
            {{- bos_token }}
            {%- if not date_string is defined %}
                {%- if strftime_now is defined %}
                    {%- set date_string = strftime_now("%d %b %Y") %}
                {%- else %}
                    {%- set date_string = "26 Jul 2024" %}
                {%- endif %}
            {%- endif %}
            {%- if messages[0]['role'] == 'system' %}
                {%- set system_message = messages[0]['content']|trim %}
                {%- set messages = messages[1:] %}
            {%- else %}
                {%- set system_message = "" %}
            {%- endif %}
            {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
            {{- "Today Date: " + date_string + "\\n\\n" }}
            {{- system_message }}
            {{- "<|eot_id|>" }}
            {%- for message in messages %}
                {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
                    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
                {%- elif 'tool_calls' in message %}
                    {{- raise_exception("This model only supports single tool-calls at once!") }}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
            {%- endif %}
            """;

    /** Qwen, "Key concepts": ChatML, with a default for the system; Qwen 3 leaves old thoughts out. */
    private static final String QWEN = """
            {%- if messages[0].role == 'system' %}
                {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
            {%- else %}
                {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
            {%- endif %}
            {%- set ns = namespace(searching=true, last_query_index=messages|length - 1) %}
            {%- for message in messages[::-1] %}
                {%- set index = (messages|length - 1) - loop.index0 %}
                {%- if ns.searching and message.role == "user" %}
                    {%- set ns.searching = false %}
                    {%- set ns.last_query_index = index %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages %}
                {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
                    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
                {%- elif message.role == "assistant" %}
                    {%- set content = message.content %}
                    {%- if '</think>' in message.content %}
                        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
                    {%- endif %}
                    {%- if loop.index0 > ns.last_query_index %}
                        {{- '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' + content + '<|im_end|>\\n' }}
                    {%- else %}
                        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
                    {%- endif %}
                {%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\\n' }}
            {%- endif %}""";

    /** Mistral, cookbook, "Tokenizer V3": the system's words go before the last question, roles must alternate. */
    private static final String MISTRAL = """
            {%- if messages[0]["role"] == "system" %}
                {%- set system_message = messages[0]["content"] %}
                {%- set loop_messages = messages[1:] %}
            {%- else %}
                {%- set loop_messages = messages %}
            {%- endif %}
            {%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
            {%- for message in loop_messages %}
                {%- if (message["role"] == "user") != (loop.index0 % 2 == 0) %}
                    {{- raise_exception("conversation roles must alternate user/assistant/user/assistant/...") }}
                {%- endif %}
            {%- endfor %}
            {{- bos_token }}
            {%- for message in loop_messages %}
                {%- if message["role"] == "user" %}
                    {%- if loop.last and system_message is defined %}
                        {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
                    {%- else %}
                        {{- "[INST] " + message["content"] + "[/INST]" }}
                    {%- endif %}
                {%- else %}
                    {{- " " + message["content"]|trim + eos_token }}
                {%- endif %}
            {%- endfor %}
            """;

    /** Zephyr and TinyLlama, model cards: literal line ends between the statements. */
    private static final String ZEPHYR = """
            {% for message in messages %}
            {% if message['role'] == 'user' %}
            {{ '<|user|>
            ' + message['content'] + eos_token }}
            {% elif message['role'] == 'system' %}
            {{ '<|system|>
            ' + message['content'] + eos_token }}
            {% elif message['role'] == 'assistant' %}
            {{ '<|assistant|>
            '  + message['content'] + eos_token }}
            {% endif %}
            {% if loop.last and add_generation_prompt %}
            {{ '<|assistant|>' }}
            {% endif %}
            {% endfor %}""";

    /** SmolLM, model card: ChatML in one line, with a default for the system. */
    private static final String SMOLLM =
            "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
                    + "{{ '<|im_start|>system\\nYou are SmolLM.<|im_end|>\\n' }}{% endif %}"
                    + "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
                    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /** Meta, "Llama 2 prompt format". */
    private static final String LLAMA_2 =
            "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}"
                    + "{% else %}{% set rest = messages %}{% set system = false %}{% endif %}{% for message in rest %}"
                    + "{% if loop.index0 == 0 and system != false %}"
                    + "{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}"
                    + "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
                    + "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% else %}"
                    + "{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";

    @Test
    void prompts_are_those_of_the_makers_documentation() {
        assertThat(shown(LLAMA_3, TALK))
                .isEqualTo(
                        "<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 21 Nov 2026\n\nBe brief.<|eot_id|>"
                                + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                                + "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
                                + "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
                                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
        assertThat(shown(QWEN, QUESTION))
                .isEqualTo("<s><|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
                        + "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
        assertThat(shown(QWEN, List.of(user("Hi"), assistant("<think>\nhm\n</think>\n\nHello!"), user("Bye"))))
                .isEqualTo(
                        "<s><|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                                + "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n");
        assertThat(shown(MISTRAL, TALK)).isEqualTo("<s>[INST] Hi[/INST] Hello!</s>[INST] Be brief.\n\nBye[/INST]");
        assertThat(shown(ZEPHYR, TALK))
                .isEqualTo("<s><|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n"
                        + "<|user|>\nBye</s>\n<|assistant|>\n");
        assertThat(shown(SMOLLM, QUESTION))
                .isEqualTo("<s><|im_start|>system\nYou are SmolLM.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                        + "<|im_start|>assistant\n");
        assertThat(shown(LLAMA_2, TALK))
                .isEqualTo("<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Bye [/INST]");
    }

    @Test
    void the_template_in_a_published_file_is_run() {
        GgufMetadata phi = Vocabularies.metadata("phi-3");
        ChatTemplate template = ChatTemplate.of(phi);
        Tokenizer tokenizer = Vocabularies.tokenizer("phi-3");
        assertThat(template.note()).isEmpty();
        assertThat(template.written(tokenizer, List.of(user("Hi")), NOW).toString())
                .isEqualTo("<s><|user|>\nHi<|end|>\n<|assistant|>\n");
        assertThat(template.encode(tokenizer, List.of(user("Hi"))))
                .startsWith(1, 32010)
                .contains(32007, 32001);
    }

    @Test
    void the_beginning_is_there_once_whoever_writes_it() {
        assertThat(shown("{{ bos_token }}{{ messages[0].content }}", QUESTION)).isEqualTo("<s>Hi");
        assertThat(shown("{{ messages[0].content }}", QUESTION)).isEqualTo("<s>Hi");
        assertThat(shown("", QUESTION)).isEqualTo("<s>");
    }

    @Test
    void a_template_that_cannot_be_run_leaves_its_layout_s_name() {
        ChatTemplate unreadable = ChatTemplate.of("{% include 'x' %}<|im_start|>");
        assertThat(unreadable.note())
                .hasValueSatisfying(note -> assertThat(note)
                        .startsWith("metadata key 'tokenizer.chat_template': line 1: expected if, for,")
                        .endsWith("the layout CHATML is used instead"));
        assertThat(shown(unreadable, QUESTION)).isEqualTo("<s><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
        // two questions in a row: the template refuses them, the layout does not
        assertThat(shown(MISTRAL, List.of(user("Hi"), user("there"))))
                .isEqualTo("<s>[INST] Hi [/INST][INST] there [/INST]");
        assertThat(ChatTemplate.of(GgufMetadata.builder().build()).stopTexts()).contains("\nUser:");
    }

    @Property(tries = 500)
    void what_a_user_writes_never_becomes_a_control_token(
            @ForAll("hostile") String words, @ForAll("templates") String jinja) {
        Tokenizer tokenizer = NamedTemplateTest.tokenizer();
        ChatTemplate template = ChatTemplate.of(jinja);
        assertThat(controls(tokenizer, template, List.of(system(words), user(words))))
                .isEqualTo(controls(tokenizer, template, List.of(system("a"), user("a"))));
    }

    private static List<String> controls(Tokenizer tokenizer, ChatTemplate template, List<ChatMessage> messages) {
        return Arrays.stream(template.encode(tokenizer, messages, NOW))
                .filter(id -> tokenizer.bytes(id).length == 0)
                .mapToObj(tokenizer::text)
                .toList();
    }

    @Provide
    Arbitrary<String> hostile() {
        return Arbitraries.of(
                        "<|im_start|>",
                        "<|im_end|>",
                        "<|im_",
                        "start|>",
                        "<s>",
                        "</s>",
                        "<|eot_id|>",
                        "<|",
                        "|>",
                        "system",
                        "\n",
                        " ",
                        "</think>",
                        "{{ bos_token }}",
                        "{% if x %}",
                        "a",
                        "<|start_header_id|>")
                .list()
                .ofMaxSize(8)
                .map(parts -> "x" + String.join("", parts));
    }

    @Provide
    Arbitrary<String> templates() {
        return Arbitraries.of(LLAMA_3, QWEN, MISTRAL, ZEPHYR, SMOLLM, LLAMA_2, "{{ '<|im_' ~ messages[0].content }}");
    }

    private static String shown(String jinja, List<ChatMessage> messages) {
        ChatTemplate template = ChatTemplate.of(jinja);
        assertThat(template.note()).isEmpty();
        return shown(template, messages);
    }

    private static String shown(ChatTemplate template, List<ChatMessage> messages) {
        Tokenizer tokenizer = NamedTemplateTest.tokenizer();
        return Arrays.stream(template.encode(tokenizer, messages, NOW))
                .mapToObj(id -> tokenizer.bytes(id).length > 0 ? tokenizer.decode(id) : tokenizer.text(id))
                .collect(Collectors.joining());
    }
}

using Halo.Inference.Gguf;
using Halo.Inference.Templates.Library;
using Halo.Inference.Templates.Nodes;
using Halo.Inference.Templates.Syntax;
using Halo.Inference.Templates.Values;
using Halo.Inference.Tokenization;

namespace Halo.Inference.Templates;

/// <summary>
/// A model's chat template: turns a conversation into the one text that the model continues. It is written in the part of Jinja that published templates
/// use. Immutable: any number of threads may use one.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>The metadata key under which model files have it.</summary>
    public const string Key = "tokenizer.chat_template";

    private readonly Block _program;
    private readonly TemplateLimits _limits;

    private ChatTemplate(Block program, TemplateLimits limits)
    {
        _program = program;
        _limits = limits;
    }

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">It is malformed or uses what is not supported; the message says what and on which line.</exception>
    public static ChatTemplate Parse(string source, TemplateLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        limits ??= new TemplateLimits();
        return source.Length <= limits.MaxTemplateChars
            ? new ChatTemplate(TemplateParser.Parse(source, limits.MaxDepth), limits)
            : throw new TemplateException($"the chat template has {source.Length:N0} characters, more than {limits.MaxTemplateChars:N0}.");
    }

    /// <summary>Reads the template of a model file; null where it has none.</summary>
    /// <exception cref="TemplateException">It is malformed or uses what is not supported.</exception>
    /// <exception cref="GgufFormatException">The key holds no text.</exception>
    public static ChatTemplate? Of(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.Contains(Key) ? Parse(metadata.RequireString(Key)) : null;
    }

    /// <summary>The prompt, in parts: those that the template wrote are trusted, those that came with the messages are not.</summary>
    /// <exception cref="TemplateException">The template refuses the conversation, fails, or was stopped by a limit.</exception>
    public IReadOnlyList<TextSegment> Render(ChatInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Rendering rendering = new(_limits, inputs.Now);
        TextMaker output = new(rendering, _limits.MaxOutputChars);
        Scope globals = new(rendering, parent: null, output);
        Globals.Define(globals);
        globals.Set("messages", new TemplateList(inputs.Messages.Select(Message)));
        globals.Set("add_generation_prompt", inputs.AddGenerationPrompt);
        globals.Set("bos_token", new TemplateText(inputs.BosToken, isTrusted: true));
        globals.Set("eos_token", new TemplateText(inputs.EosToken, isTrusted: true));
        globals.Set("tools", null);
        globals.Set("documents", null);
        foreach ((string name, object? value) in inputs.Variables)
        {
            globals.Set(name, Variable(name, value));
        }

        _program.Run(globals.Inner());
        return output.ToSegments();
    }

    /// <summary>The tokens of the prompt: with the beginning token once, where the model expects one, whether the template writes it or not.</summary>
    /// <inheritdoc cref="Render"/>
    public int[] Encode(ChatInputs inputs, ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] tokens = tokenizer.Encode(
            Render(inputs with { BosToken = TextOf(tokenizer, tokenizer.BosToken), EosToken = TextOf(tokenizer, tokenizer.EosToken) }), addBos: false);
        return tokenizer.AddBos && (tokens.Length == 0 || tokens[0] != tokenizer.BosToken) ? [tokenizer.BosToken, .. tokens] : tokens;
    }

    private static string TextOf(ITokenizer tokenizer, int token) => token < 0 ? "" : tokenizer.TokenText(token);

    private static TemplateMap Message(ChatMessage message)
    {
        if (message.Role.Length == 0 || !message.Role.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
        {
            throw new ArgumentException("A message's role has characters other than letters, digits, - and _, or none at all.", nameof(message));
        }

        TemplateMap map = new(isTrusted: true);
        map.Items["role"] = new TemplateText(message.Role, isTrusted: true);
        map.Items["content"] = new TemplateText(message.Content, isTrusted: false);
        return map;
    }

    private static object? Variable(string name, object? value) => value switch
    {
        null or bool or long or double => value,
        int number => (long)number,
        string text => new TemplateText(text, isTrusted: false),
        _ => throw new ArgumentException($"The variable '{name}' is a {value.GetType().Name}; it must be a boolean, a number, a string or null.", nameof(value)),
    };
}

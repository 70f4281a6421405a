using Halo.Cli.Hosting;
using Halo.Inference.Gguf;
using Halo.Inference.Templates;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Chat;

/// <summary>How a conversation becomes the tokens that a model continues.</summary>
/// <param name="Template">Writes the turns.</param>
/// <param name="Tokenizer">The model's.</param>
/// <param name="Stops">Texts that end an answer beside the end tokens.</param>
internal sealed record ChatForm(ChatTemplate Template, ITokenizer Tokenizer, IReadOnlyList<string> Stops)
{
    private static string Choices => $"--template {string.Join("|", NamedTemplates.Names)}";

    /// <summary>The form that was asked for, else the model's own, else the one whose marks its vocabulary has, which a warning names.</summary>
    /// <exception cref="CommandFault">There is none, or it cannot be used.</exception>
    /// <exception cref="GgufFormatException">The file has no usable tokenizer.</exception>
    internal static ChatForm Of(ModelFile file, string? choice, CommandConsole console)
    {
        using GgufFile gguf = GgufFile.Open(file.Path);
        ITokenizer tokenizer = TokenizerFactory.Create(gguf.Metadata);
        if (choice is not null)
        {
            return Named(choice, tokenizer) ?? new ChatForm(Read(choice), tokenizer, []);
        }

        try
        {
            return ChatTemplate.Of(gguf.Metadata) is { } own ? new ChatForm(own, tokenizer, []) : Guessed(file, tokenizer, console);
        }
        catch (TemplateException fault)
        {
            throw new CommandFault($"The chat template in {file.Name} cannot be used: {fault.Message} {Choices} takes another.");
        }
    }

    private static ChatForm Guessed(ModelFile file, ITokenizer tokenizer, CommandConsole console)
    {
        if (NamedTemplates.Guess(tokenizer) is not { } name)
        {
            throw new CommandFault(
                $"{file.Name} has no chat template; perhaps it was trained to continue texts and not to talk ('halo generate' does that). {Choices} chooses a form to try.");
        }

        console.Note($"{file.Name} has no chat template; its vocabulary has the marks of '{name}', so that form is used. {Choices} takes another.");
        return Named(name, tokenizer)!;
    }

    private static ChatForm? Named(string name, ITokenizer tokenizer) =>
        NamedTemplates.Find(name) is { } template ? new ChatForm(template, tokenizer, NamedTemplates.StopsOf(name)) : null;

    private static ChatTemplate Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFault($"--template is '{path}', which is neither a file nor one of {string.Join(", ", NamedTemplates.Names)}.");
        }

        try
        {
            return ChatTemplate.Parse(File.ReadAllText(path));
        }
        catch (TemplateException fault)
        {
            throw new CommandFault($"{path}: {fault.Message}");
        }
    }
}

using System.CommandLine;
using Halo.Cli.Generate;
using Halo.Cli.Hosting;
using Halo.Inference.Templates;
using Halo.Silo;

namespace Halo.Cli.Chat;

/// <summary><c>halo chat</c>: a conversation with a model. Its answers alone go to stdout.</summary>
internal static class ChatCommand
{
    private const int DefaultContext = 4096;

    internal static Command Create()
    {
        Option<string?> model = CommandOptions.Model();
        Option<string?> system = new("--system") { Description = "What the model is told before the conversation.", HelpName = "TEXT" };
        Option<string?> template = new("--template")
        {
            Description = $"How turns are written: {string.Join("|", NamedTemplates.Names)}, or a file with a template. [default: the model's own]",
            HelpName = "NAME|FILE",
        };
        Option<int> context = CommandOptions.Number(
            "--context",
            "Tokens of conversation that the model sees, its answer included; what is older is left out. At most the model's own.",
            DefaultContext,
            count => count >= 16,
            "a whole number, 16 or more");
        Option<int?> maxTokens = CommandOptions.OptionalNumber<int>(
            "--max-tokens", "Tokens of an answer at most. [default: as many as there is room for]", count => count >= 1, "a whole number, 1 or more");
        Option<int?> boards = CommandOptions.SessionBoards();
        Option<TransportKind> transport = CommandOptions.Transport(
            "How boards exchange partial sums, as for generate.");
        Option<int> threads = CommandOptions.Threads();
        Option<long?> memory = CommandOptions.MemoryLimit();
        NetworkChoices network = new();
        SamplingChoices sampling = new();

        InteractiveCommand command = new("chat", "Talk with a model; reads messages from stdin, a line each.");
        foreach (Option option in (Option[])[model, system, template, context, maxTokens, boards, transport, threads, memory])
        {
            command.Add(option);
        }

        network.AddTo(command);
        sampling.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            NetworkSetting others = network.Of(parsed);
            HaloClusterOptions options = new()
            {
                Boards = CommandOptions.BoardCount(parsed.GetValue(boards), others),
                Threads = parsed.GetValue(threads),
                Transport = parsed.GetValue(transport),
                BoardMemoryBytes = parsed.GetValue(memory),
            };
            others.ApplyTo(options);
            CommandConsole console = CommandConsole.Of(parsed);
            ModelFile file = ModelFile.Locate(parsed.GetValue(model));
            ChatForm form = ChatForm.Of(file, parsed.GetValue(template), console);
            Conversation conversation = new(form, Math.Min(parsed.GetValue(context), file.ReadConfig().ContextLength), parsed.GetValue(maxTokens), TimeProvider.System)
            {
                System = parsed.GetValue(system),
            };
            return new ChatRun(console, Console.In, file, options, conversation, sampling.Of(parsed)).RunAsync(cancellationToken);
        });
        return command;
    }
}

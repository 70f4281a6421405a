using System.Diagnostics;
using System.Text;
using Halo.Cli.Generate;
using Halo.Cli.Hosting;
using Halo.Grains;
using Halo.Inference.Sampling;
using Halo.Inference.Templates;
using Halo.Silo;

namespace Halo.Cli.Chat;

/// <summary>A conversation: messages and commands from the input, a line each; answers to stdout as they come, all else to stderr.</summary>
internal sealed class ChatRun(
    CommandConsole console, TextReader input, ModelFile file, HaloClusterOptions options, Conversation conversation, SamplingParameters sampling)
{
    private const string Help = "/reset forgets what was said, /system TEXT tells the model something before it, /exit ends. A message that begins with / is written with two.";

    private int _answers;
    private int _tokens;
    private TimeSpan _answering;

    private static bool IsTerminal => !Console.IsInputRedirected && !Console.IsErrorRedirected;

    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        conversation.Check();
        options.KvPositions = ModelSession.KvPositions(1, conversation.ContextLength);
        using Interrupts interrupts = new(Hint, cancellationToken);
        await using ModelSession session = await ModelSession.StartAsync(file, options, console, interrupts.Program);
        console.Note(
            $"{file.Name} on {Generation.Count(ModelSession.BoardCount(options), "board")}, context {conversation.ContextLength} tokens"
            + (sampling.Temperature > 0 ? $", seed {sampling.Seed}" : "") + (IsTerminal ? $". {Help}" : ""));
        while (await ReadAsync(interrupts) is { } line && line is not ("/exit" or "/quit"))
        {
            if (line.Trim().Length > 0 && !ObeyCommand(line))
            {
                await AnswerAsync(session, line.StartsWith("//", StringComparison.Ordinal) ? line[1..] : line, interrupts);
            }
        }

        Report();
        return CommandHost.Success;
    }

    // The console's reader waits on its thread, whatever it is asked.
    private async Task<string?> ReadAsync(Interrupts interrupts)
    {
        interrupts.BeginWaiting();
        if (IsTerminal)
        {
            console.Prompt("> ");
        }

        return await Task.Run(input.ReadLine, interrupts.Program).WaitAsync(interrupts.Program);
    }

    private bool ObeyCommand(string line)
    {
        if (!line.StartsWith('/') || line.StartsWith("//", StringComparison.Ordinal))
        {
            return false;
        }

        string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        switch (words[0])
        {
            case "/reset":
                conversation.Clear();
                console.Note("What was said is forgotten.");
                break;
            case "/system":
                TellBefore(words is [_, { Length: > 0 } text] ? text : null);
                break;
            default:
                console.Note(words[0] == "/help" ? Help : $"There is no command {words[0]}. {Help}");
                break;
        }

        return true;
    }

    private void TellBefore(string? text)
    {
        string? before = conversation.System;
        conversation.System = text;
        try
        {
            conversation.Check();
            console.Note(text is null ? "The model is told nothing before the conversation." : "The model is told that before the conversation.");
        }
        catch (TemplateException fault)
        {
            conversation.System = before;
            console.Note(fault.Message);
        }
    }

    private async Task AnswerAsync(ModelSession session, string message, Interrupts interrupts)
    {
        ChatTurn turn;
        try
        {
            turn = conversation.Say(message);
        }
        catch (Exception fault) when (fault is TemplateException or MessageTooLongException)
        {
            console.Note(fault.Message);
            return;
        }

        if (turn.LeftOut > 0)
        {
            console.Note($"The conversation is longer than {conversation.ContextLength} tokens; its oldest {Generation.Count(turn.LeftOut, "message")} left it.");
        }

        StringBuilder answer = new();
        CancellationToken ending = interrupts.BeginAnswer().Token;
        try
        {
            await StreamAsync(session, turn, answer, ending);
        }
        catch (OperationCanceledException) when (!interrupts.Program.IsCancellationRequested)
        {
            // What came of it stays said.
        }
        finally
        {
            interrupts.EndAnswer();
            await console.Output.WriteLineAsync();
            await console.Output.FlushAsync(CancellationToken.None);
        }

        conversation.Answer(answer.ToString());
    }

    private async Task StreamAsync(ModelSession session, ChatTurn turn, StringBuilder answer, CancellationToken cancellationToken)
    {
        GenerationRequest request = new()
        {
            Model = file.Name,
            PromptTokens = turn.Tokens,
            MaxTokens = turn.MaxTokens,
            Stop = [.. conversation.Form.Stops],
            Sampling = SamplingChoices.ToOptions(sampling) with { Seed = sampling.Seed + (ulong)_answers },
        };
        long start = Stopwatch.GetTimestamp();
        _answers++;
        IGenerationGrain generation = session.Grains.GetGrain<IGenerationGrain>(GrainKeys.Generation(file.Name, Guid.NewGuid().ToString("N")));
        await foreach (GenerationChunk chunk in generation.GenerateAsync(request, cancellationToken))
        {
            // A template ends where the answer begins, and models often begin it with a space.
            string text = answer.Length == 0 ? chunk.Text.TrimStart() : chunk.Text;
            answer.Append(text);
            _tokens += chunk.CompletionTokenCount;
            await console.Output.WriteAsync(text);
            await console.Output.FlushAsync(cancellationToken);
        }

        _answering += Stopwatch.GetElapsedTime(start);
    }

    private void Hint()
    {
        console.Prompt(Environment.NewLine);
        console.Note("Ctrl-C again ends the chat, as /exit does.");
    }

    private void Report()
    {
        if (_tokens > 0)
        {
            console.Note($"{Generation.Count(_answers, "answer")}, {Generation.Count(_tokens, "token")}, {_tokens / _answering.TotalSeconds:0.0} tok/s, prompts included");
        }
    }
}

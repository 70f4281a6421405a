using System.Text;
using Halo.Gateway.Contracts;
using Halo.Grains;

namespace Halo.Gateway.Streaming;

/// <summary>Continuations of prompts as OpenAI's objects.</summary>
internal sealed class CompletionFormat : IAnswerFormat
{
    private readonly Choice[] _choices;
    private readonly string _model;
    private readonly string _id;
    private readonly long _created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    private readonly bool _withLogprobs;

    public CompletionFormat(CompletionJob job, string model, string id)
    {
        _choices = [.. Enumerable.Range(0, job.ChoiceCount).Select(_ => new Choice())];
        _model = model;
        _id = id;
        _withLogprobs = job.Logprobs is not null;
        IncludesUsage = job.IncludeUsage;
    }

    public bool IncludesUsage { get; }

    public Task SendAsync(ServerSentEvents events, ChoicePiece piece) => SendAsync(events, Event(piece), null);

    public Task SendUsageAsync(ServerSentEvents events, Usage usage) => SendAsync(events, [], usage);

    public Task WriteAsync(HttpContext context, Usage usage) =>
        context.Response.WriteAsJsonAsync(Whole(usage), GatewayJson.Of<CompletionWithUsage>(), null, context.RequestAborted);

    public void Collect(ChoicePiece piece)
    {
        Choice choice = _choices[piece.Index];
        choice.Text.Append(piece.Chunk.Text);
        choice.Tokens.AddRange(piece.Chunk.Tokens);
        choice.FinishReason = piece.Chunk.FinishReason;
    }

    private IReadOnlyList<CompletionChoice> Event(ChoicePiece piece) =>
    [
        new CompletionChoice
        {
            Text = piece.Chunk.Text,
            Index = piece.Index,
            Logprobs = _withLogprobs && piece.Chunk.Tokens.Length > 0 ? _choices[piece.Index].Offsets.Describe(piece.Chunk.Tokens) : null,
            FinishReason = piece.Chunk.FinishReason,
        },
    ];

    // Only where usage was asked for has each event the field, null in all but the last.
    private Task SendAsync(ServerSentEvents events, IReadOnlyList<CompletionChoice> choices, Usage? usage) => IncludesUsage
        ? events.SendAsync(new CompletionWithUsage { Id = _id, Created = _created, Model = _model, Choices = choices, Usage = usage })
        : events.SendAsync(new Completion { Id = _id, Created = _created, Model = _model, Choices = choices });

    private CompletionWithUsage Whole(Usage usage) => new()
    {
        Id = _id,
        Created = _created,
        Model = _model,
        Choices = [.. _choices.Select((choice, index) => new CompletionChoice
        {
            Text = choice.Text.ToString(),
            Index = index,
            Logprobs = _withLogprobs ? choice.Offsets.Describe(choice.Tokens) : null,
            FinishReason = choice.FinishReason,
        })],
        Usage = usage,
    };

    private sealed class Choice
    {
        public StringBuilder Text { get; } = new();

        public List<TokenText> Tokens { get; } = [];

        public TokenOffsets Offsets { get; } = new();

        public string? FinishReason { get; set; }
    }
}

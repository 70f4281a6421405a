using System.Text;
using Halo.Gateway.Contracts;

namespace Halo.Gateway.Streaming;

/// <summary>Answers of a chat as OpenAI's objects.</summary>
internal sealed class ChatFormat : IAnswerFormat
{
    private readonly Choice[] _choices;
    private readonly string _model;
    private readonly string _id;
    private readonly long _created = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    public ChatFormat(CompletionJob job, string model, string id)
    {
        _choices = [.. Enumerable.Range(0, job.ChoiceCount).Select(_ => new Choice())];
        _model = model;
        _id = id;
        IncludesUsage = job.IncludeUsage;
    }

    public bool IncludesUsage { get; }

    public Task SendAsync(ServerSentEvents events, ChoicePiece piece)
    {
        Choice choice = _choices[piece.Index];
        string text = choice.Take(piece.Chunk.Text);
        ChatPiece delta = new() { Role = choice.HasBegun ? null : "assistant", Content = text.Length > 0 || !choice.HasBegun ? text : null };
        choice.HasBegun = true;
        return SendAsync(events, [new ChatDelta { Index = piece.Index, Delta = delta, FinishReason = piece.Chunk.FinishReason }], null);
    }

    public Task SendUsageAsync(ServerSentEvents events, Usage usage) => SendAsync(events, [], usage);

    public void Collect(ChoicePiece piece)
    {
        _choices[piece.Index].Text.Append(_choices[piece.Index].Take(piece.Chunk.Text));
        _choices[piece.Index].FinishReason = piece.Chunk.FinishReason;
    }

    public Task WriteAsync(HttpContext context, Usage usage) => context.Response.WriteAsJsonAsync(
        new ChatCompletion
        {
            Id = _id,
            Created = _created,
            Model = _model,
            Choices = [.. _choices.Select((choice, index) => new ChatChoice
            {
                Index = index,
                Message = new ChatAnswer(choice.Text.ToString()),
                FinishReason = choice.FinishReason,
            })],
            Usage = usage,
        },
        GatewayJson.Of<ChatCompletion>(),
        null,
        context.RequestAborted);

    private Task SendAsync(ServerSentEvents events, IReadOnlyList<ChatDelta> choices, Usage? usage) => IncludesUsage
        ? events.SendAsync(new ChatEventWithUsage { Id = _id, Created = _created, Model = _model, Choices = choices, Usage = usage })
        : events.SendAsync(new ChatEvent { Id = _id, Created = _created, Model = _model, Choices = choices });

    private sealed class Choice
    {
        private bool _hasText;

        public StringBuilder Text { get; } = new();

        public string? FinishReason { get; set; }

        public bool HasBegun { get; set; }

        // A template ends where the answer begins, and models often begin it with a space.
        public string Take(string text)
        {
            text = _hasText ? text : text.TrimStart();
            _hasText |= text.Length > 0;
            return text;
        }
    }
}

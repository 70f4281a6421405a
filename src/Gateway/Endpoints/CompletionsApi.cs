using System.Threading.Channels;
using Halo.Gateway.Contracts;
using Halo.Gateway.Serving;
using Halo.Gateway.Streaming;

namespace Halo.Gateway.Endpoints;

/// <summary><c>POST /v1/completions</c> and <c>POST /v1/chat/completions</c>, plain and streamed.</summary>
internal sealed class CompletionsApi
{
    private readonly JsonBody _body;
    private readonly ServedModels _models;
    private readonly GatewayOptions _options;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger<CompletionsApi> _log;

    public CompletionsApi(JsonBody body, ServedModels models, GatewayOptions options, GatewayMetrics metrics, ILogger<CompletionsApi> log)
    {
        _body = body;
        _models = models;
        _options = options;
        _metrics = metrics;
        _log = log;
    }

    /// <summary>Continues prompts.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        CompletionJob job = CompletionJob.From(await _body.ReadAsync<CompletionRequest>(context));
        ServedModel model = _models.Find(job.Model);
        foreach (Prompt prompt in job.Prompts)
        {
            model.Check(prompt, job.MaxTokens);
        }

        await RunAsync(context, job, model, new CompletionFormat(job, model.Name, $"cmpl-{context.TraceIdentifier}"));
    }

    /// <summary>Answers the last message of a conversation.</summary>
    public async Task ChatAsync(HttpContext context)
    {
        ChatRequest request = await _body.ReadAsync<ChatRequest>(context);
        CheckUnsupported(request);
        ServedModel model = _models.Find(request.Model);
        model.CheckLength((request.Messages ?? []).Select(message => message.Content ?? ""), "messages");
        ChatPrompts prompts = model.ChatPrompts(_options.ChatTemplate);
        CompletionJob job = CompletionJob.From(request.Completing(prompts.Encode(request), prompts.Stops));
        model.Check(job.Prompts[0], job.MaxTokens, "messages");
        await RunAsync(context, job, model, new ChatFormat(job, model.Name, $"chatcmpl-{context.TraceIdentifier}"));
    }

    private static void CheckUnsupported(ChatRequest request)
    {
        if (request.Tools is { Count: > 0 } || request.Functions is { Count: > 0 })
        {
            throw ApiException.Invalid(request.Tools is { Count: > 0 } ? "tools" : "functions", "Tools are not supported.", "unsupported");
        }

        if (request.Logprobs is true)
        {
            throw ApiException.Invalid("logprobs", "logprobs is not supported here; /v1/completions has it.", "unsupported");
        }

        if (request.ResponseFormat is { Type: not (null or "text") })
        {
            throw ApiException.Invalid("response_format", "response_format is not supported; answers are texts.", "unsupported");
        }
    }

    private async Task RunAsync(HttpContext context, CompletionJob job, ServedModel model, IAnswerFormat format)
    {
        CompletionTally tally = new(job, _metrics);
        await using (ChoiceStreams choices = ChoiceStreams.Start(job, model, context.TraceIdentifier, context.RequestAborted))
        {
            await (job.Stream ? StreamAsync(context, choices, format, tally) : CollectAsync(context, choices, format, tally));
        }

        _log.Completed(context.TraceIdentifier, job.ChoiceCount, tally.Usage.PromptTokens, tally.Usage.CompletionTokens, tally.Elapsed.TotalSeconds);
    }

    private static async Task CollectAsync(HttpContext context, ChoiceStreams choices, IAnswerFormat format, CompletionTally tally)
    {
        await foreach (ChoicePiece piece in choices.Pieces.ReadAllAsync(context.RequestAborted))
        {
            tally.Add(piece);
            format.Collect(piece);
        }

        await format.WriteAsync(context, tally.Usage);
    }

    private async Task StreamAsync(HttpContext context, ChoiceStreams choices, IAnswerFormat format, CompletionTally tally)
    {
        using ServerSentEvents events = new(context);
        try
        {
            while (await WaitAsync(choices.Pieces, events))
            {
                while (choices.Pieces.TryRead(out ChoicePiece piece))
                {
                    tally.Add(piece);
                    if (piece.IsWorthAnEvent)
                    {
                        await format.SendAsync(events, piece);
                    }
                }
            }

            if (format.IncludesUsage)
            {
                await format.SendUsageAsync(events, tally.Usage);
            }

            await events.SendDoneAsync();
        }
        catch (Exception fault) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            // The status is gone; the client learns of the fault by an event, and that there is no [DONE].
            await events.SendAsync(new ErrorResponse(ErrorAnswers.Describe(context, fault, _log).Detail));
        }
    }

    // Whether there is a piece to read; comments keep the connection in use meanwhile.
    private async Task<bool> WaitAsync(ChannelReader<ChoicePiece> pieces, ServerSentEvents events)
    {
        Task<bool> ready = pieces.WaitToReadAsync().AsTask();
        while (!ready.IsCompleted)
        {
            await ((Task)ready).WaitAsync(_options.StreamHeartbeat).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!ready.IsCompleted)
            {
                await events.SendCommentAsync();
            }
        }

        return await ready;
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Halo.Boards;
using Halo.Grains.Models;
using Halo.Grains.Placement;
using Halo.Inference.Tokenization;

namespace Halo.Grains.Generations;

/// <summary>Turns a prompt into tokens, runs them through the scheduler, and turns the tokens that come into text.</summary>
[HeadBoardPlacement]
internal sealed class GenerationGrain(ModelCatalog models, PlanOptions options) : Grain, IGenerationGrain
{
    private const int MostLogProbabilities = 100;

    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(250);

    private bool _isRunning;

    public Task<bool> IsRunningAsync()
    {
        if (!_isRunning)
        {
            DeactivateOnIdle();
        }

        return Task.FromResult(_isRunning);
    }

    public async IAsyncEnumerable<GenerationChunk> GenerateAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        _isRunning = true;
        try
        {
            Check(request);
            ModelStatus status = await EnsureReadyAsync(request.Model, cancellationToken);
            LoadedModel model = models.Open(request.Model);
            ITokenizer tokenizer = model.Tokenizer;
            int[] prompt = await PromptTokens.OfAsync(request, model, status.ContextLength);
            bool scorePrompt = request.Echo && request.LogProbabilities is not null;
            CompletionText text = new(tokenizer, request.Stop, request.LogProbabilities is not null);
            if (request.Echo)
            {
                yield return text.Prompt(request.Prompt, prompt, scorePrompt);
            }

            SequenceRequest sequence = Sequence(request, prompt, status.ContextLength, tokenizer, scorePrompt);
            if (sequence.MaxTokens > 0 || scorePrompt)
            {
                await foreach (TokenEvent token in GrainFactory.GetGrain<ISchedulerGrain>(request.Model).RunAsync(sequence, cancellationToken))
                {
                    GenerationChunk? chunk = token.Position < prompt.Length ? text.Given(token) : text.Sampled(token);
                    if (chunk is not null)
                    {
                        yield return chunk;
                    }

                    if (text.IsStopped)
                    {
                        break;
                    }
                }
            }

            yield return text.End(prompt.Length);
        }
        finally
        {
            _isRunning = false;

            // Nobody asks for this request's grain again.
            DeactivateOnIdle();
        }
    }

    // The head board may be about to end, and its successor be there a moment later: nothing has been computed yet that would be lost.
    private async Task<ModelStatus> EnsureReadyAsync(string model, CancellationToken cancellationToken)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await GrainFactory.GetGrain<IModelGrain>(model).EnsureReadyAsync();
            }
            catch (OrleansException) when (Stopwatch.GetElapsedTime(begin) < options.Patience)
            {
                await Task.Delay(s_retry, cancellationToken);
            }
        }
    }

    private SequenceRequest Sequence(GenerationRequest request, int[] prompt, int contextLength, ITokenizer tokenizer, bool scorePrompt)
    {
        int room = contextLength - prompt.Length;
        return new SequenceRequest
        {
            Tokens = prompt,
            MaxTokens = Math.Min(request.MaxTokens ?? room, room),
            Sampling = request.Sampling,
            EndTokens = [.. tokenizer.EndTokens],
            TopCount = request.LogProbabilities ?? 0,
            ScoreFrom = scorePrompt ? 1 : null,
            Speculate = request.Speculate ?? options.Speculate,
        };
    }

    private static void Check(GenerationRequest request)
    {
        IReadOnlyList<string> faults = request.Sampling.ToParameters().Validate();
        if (faults.Count > 0)
        {
            throw new BadRequestException("sampling", string.Join(" ", faults));
        }

        if (request.MaxTokens is < 0)
        {
            throw new BadRequestException("max_tokens", $"max_tokens is {request.MaxTokens}; it must be 0 or more.");
        }

        if (request.LogProbabilities is < 0 or > MostLogProbabilities)
        {
            throw new BadRequestException("logprobs", $"logprobs is {request.LogProbabilities}; it must be 0 to {MostLogProbabilities}.");
        }

        if (request.Stop.Any(stop => stop.Length == 0))
        {
            throw new BadRequestException("stop", "A stop text is empty; it would end every completion before it began.");
        }
    }
}

using Halo.Gateway.Endpoints;
using Halo.Grains;

namespace Halo.Gateway.Contracts;

/// <summary>A completion request whose values were checked and whose defaults are filled in: OpenAI's, also where the grains have others.</summary>
internal sealed record CompletionJob
{
    /// <summary>Most choices of one request: prompts times n.</summary>
    public const int MaxChoices = 128;

    /// <summary>The name asked for; null for the service's first model.</summary>
    public string? Model { get; private init; }

    public required IReadOnlyList<Prompt> Prompts { get; init; }

    public required int ChoicesPerPrompt { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>How to sample; each choice puts its own seed in.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>Seed of each prompt's first choice, the k-th one after has k more; null draws one for every choice.</summary>
    public long? Seed { get; private init; }

    public required string[] Stop { get; init; }

    public int? Logprobs { get; private init; }

    public bool Echo { get; private init; }

    public bool Stream { get; private init; }

    public bool IncludeUsage { get; private init; }

    /// <summary>As in <see cref="Speculation"/>; null for what the service was told.</summary>
    public int? Speculate { get; private init; }

    /// <summary>All choices of all prompts.</summary>
    public int ChoiceCount => Prompts.Count * ChoicesPerPrompt;

    /// <summary>Checks a request field by field.</summary>
    /// <exception cref="ApiException">The first fault, with the field, the value found and what is needed.</exception>
    public static CompletionJob From(CompletionRequest request)
    {
        Prompts prompts = request.Prompt ?? throw ApiException.Invalid("prompt", $"prompt is missing; it must be {FieldTypes.Of("prompt")}.");
        int n = Checked("n", request.N, 1, 1, 16);
        CheckPrompts(prompts, n);
        CheckUnsupported(request, n);
        return new CompletionJob
        {
            Model = request.Model,
            Prompts = prompts.All,
            ChoicesPerPrompt = n,
            MaxTokens = Checked("max_tokens", request.MaxTokens, 16, 0, int.MaxValue),
            Sampling = CheckSampling(request),
            Seed = request.Seed,
            Stop = CheckStop(request.Stop ?? []),
            Logprobs = request.Logprobs is null ? null : Checked("logprobs", request.Logprobs, 0, 0, 20),
            Echo = request.Echo ?? false,
            Stream = request.Stream ?? false,
            Speculate = request.Speculate,
            IncludeUsage = request.StreamOptions?.IncludeUsage ?? false,
        };
    }

    /// <summary>What the choice's generation grain is asked for.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="index">The choice: prompt number times n plus k.</param>
    public GenerationRequest ForChoice(string model, int index) => new()
    {
        Model = model,
        Prompt = Prompts[index / ChoicesPerPrompt].Text,
        PromptTokens = Prompts[index / ChoicesPerPrompt].Tokens,
        MaxTokens = MaxTokens,
        Sampling = Sampling with { Seed = SeedOf(index) },
        Stop = Stop,
        LogProbabilities = Logprobs,
        Echo = Echo,
        Speculate = Speculate,
    };

    private ulong SeedOf(int index) =>
        Seed is { } seed ? unchecked((ulong)(seed + index % ChoicesPerPrompt)) : unchecked((ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue));

    private static void CheckPrompts(Prompts prompts, int n)
    {
        if (prompts.All.Count == 0)
        {
            throw ApiException.Invalid("prompt", "prompt is an empty array; it must hold at least one prompt (an empty string is one).");
        }

        if (prompts.All.Any(prompt => prompt.Tokens is { Length: 0 }))
        {
            throw ApiException.Invalid("prompt", "prompt holds an empty array of tokens; each must hold at least one token.");
        }

        if ((long)prompts.All.Count * n > MaxChoices)
        {
            throw ApiException.Invalid("prompt", $"{prompts.All.Count} prompts times n = {n} are too many; a request may have {MaxChoices} choices.");
        }
    }

    private static void CheckUnsupported(CompletionRequest request, int n)
    {
        if (request.BestOf is { } bestOf && bestOf != n)
        {
            throw ApiException.Invalid("best_of", $"best_of is {bestOf}; only n (here {n}) is supported.", "unsupported");
        }

        if (!string.IsNullOrEmpty(request.Suffix))
        {
            throw ApiException.Invalid("suffix", "suffix is not supported: the models continue a text, they do not fill it in.", "unsupported");
        }

        if (request.LogitBias is { Count: > 0 })
        {
            throw ApiException.Invalid("logit_bias", "logit_bias is not supported.", "unsupported");
        }
    }

    private static SamplingOptions CheckSampling(CompletionRequest request)
    {
        string penalty = request.RepetitionPenalty is null ? "repeat_penalty" : "repetition_penalty";
        return new SamplingOptions
        {
            Temperature = Checked("temperature", request.Temperature, 1, 0, 2),
            // OpenAI takes top_p = 0 for "the likeliest token"; the smallest mass above 0 says the same.
            TopP = Math.Max(Checked("top_p", request.TopP, 1, 0, 1), float.Epsilon),
            // -1 is the usual way to ask for all tokens where 0 is taken to mean none.
            TopK = Math.Max(Checked("top_k", request.TopK, 0, -1, int.MaxValue), 0),
            MinP = Checked("min_p", request.MinP, 0, 0, 1),
            RepetitionPenalty = Math.Max(Checked(penalty, request.RepetitionPenalty ?? request.RepeatPenalty, 1, 0.01, 100), 0.01f),
            FrequencyPenalty = Checked("frequency_penalty", request.FrequencyPenalty, 0, -2, 2),
            PresencePenalty = Checked("presence_penalty", request.PresencePenalty, 0, -2, 2),
        };
    }

    private static string[] CheckStop(string[] stop)
    {
        if (stop.Length > 4)
        {
            throw ApiException.Invalid("stop", $"stop holds {stop.Length} strings; at most 4 are supported.");
        }

        return stop.Any(string.IsNullOrEmpty)
            ? throw ApiException.Invalid("stop", "stop holds an empty string; each must have at least one character.")
            : stop;
    }

    private static int Checked(string field, int? value, int otherwise, int least, int most)
    {
        int found = value ?? otherwise;
        return found >= least && found <= most ? found : throw OutOfRange(field, FormattableString.Invariant($"{found}"), least, most);
    }

    // NaN is inside no range, so it is refused too.
    private static float Checked(string field, double? value, double otherwise, double least, double most)
    {
        double found = value ?? otherwise;
        return found >= least && found <= most ? (float)found : throw OutOfRange(field, FormattableString.Invariant($"{found}"), least, most);
    }

    private static ApiException OutOfRange(string field, string found, double least, double most)
    {
        string needed = FormattableString.Invariant(most == int.MaxValue ? $"{least} or more" : (FormattableString)$"{least} to {most}");
        return ApiException.Invalid(field, $"{field} is {found}; it must be {needed}.");
    }
}

using System.Diagnostics;
using Halo.Cli.Hosting;
using Halo.Grains;

namespace Halo.Cli.Bench;

/// <summary>Times of one sequence.</summary>
/// <param name="FirstSeconds">From the request to the first token.</param>
/// <param name="SecondSeconds">From the first token to the second; 0 where there is none.</param>
/// <param name="TokenSeconds">Between later tokens on average; 0 where there are none.</param>
internal readonly record struct PromptRun(double FirstSeconds, double SecondSeconds, double TokenSeconds)
{
    /// <summary>Sends made-up tokens as a prompt and takes the likeliest continuation, with no guesses ahead.</summary>
    /// <param name="session">The model.</param>
    /// <param name="prompt">Tokens of the prompt.</param>
    /// <param name="tokens">Tokens to generate.</param>
    /// <param name="salt">Another number gives another prompt, so that none is found again in the KV.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<PromptRun> OfAsync(ModelSession session, int prompt, int tokens, int salt, CancellationToken cancellationToken)
    {
        Random random = new(salt);
        int vocabulary = session.Model.Weights.Config.VocabularySize;
        SequenceRequest request = new()
        {
            Tokens = [.. Enumerable.Range(0, prompt).Select(_ => random.Next(vocabulary))],
            MaxTokens = tokens,
            Sampling = new SamplingOptions { Temperature = 0 },
            EndTokens = [],
            Speculate = Speculation.Off,
        };
        long start = Stopwatch.GetTimestamp();
        List<double> at = [];
        await foreach (TokenEvent _ in session.Scheduler.RunAsync(request, cancellationToken))
        {
            at.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return new PromptRun(at[0], at.Count > 1 ? at[1] - at[0] : 0, at.Count > 2 ? (at[^1] - at[1]) / (at.Count - 2) : 0);
    }
}

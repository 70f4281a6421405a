using Halo.Grains;

namespace Halo.Silo;

/// <summary>
/// Runs a few tokens through a model that has just become ready, and forgets them: code is compiled and memory is touched on every board before the
/// first request comes, whose first token would else take many times as long as later ones.
/// </summary>
public static class ModelWarmUp
{
    // A tile of four rows and one more, as in prompts; then tokens one by one.
    private const int PromptTokens = 5;
    private const int Tokens = 12;

    // The way into a sequence and out of it is code as well.
    private const int Sequences = 4;

    // Boards on a slow network have waited long enough by then.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(2);

    /// <summary>Warms up; returns when it has, or after two seconds. What goes wrong is left to the first request, which is told of it.</summary>
    /// <param name="scheduler">The model's scheduler.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task RunAsync(ISchedulerGrain scheduler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ending.CancelAfter(s_most);
        try
        {
            await GenerateAsync(scheduler, ending.Token).WaitAsync(ending.Token);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    private static async Task GenerateAsync(ISchedulerGrain scheduler, CancellationToken cancellationToken)
    {
        SequenceRequest request = new()
        {
            Tokens = new int[PromptTokens],
            MaxTokens = Tokens,
            Sampling = new SamplingOptions { Temperature = 1, Seed = 1 },
            EndTokens = [],
            Speculate = Speculation.Off,
        };
        for (int sequence = 0; sequence < Sequences; sequence++)
        {
            await foreach (TokenEvent _ in scheduler.RunAsync(request, cancellationToken))
            {
            }
        }
    }
}

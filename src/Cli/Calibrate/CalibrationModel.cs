using System.Security.Cryptography;
using Halo.Inference.Model;
using Halo.Inference.Model.Observation;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Threading;
using Halo.Inference.Tokenization;

namespace Halo.Cli.Calibrate;

/// <summary>A model in one place whose stages can be watched, with what its groups add to each stage.</summary>
internal sealed class CalibrationModel : IDisposable
{
    internal const int MostRows = 64;

    private readonly WorkerTeam _team;
    private readonly Transformer _transformer;
    private readonly Step _step = new();
    private long _sequence;

    internal CalibrationModel(string path, int threads)
    {
        Weights = ModelWeights.Open(path);
        Hash = HashOf(path);
        _team = new WorkerTeam(threads, "calibrate", spin: false);
        _transformer = new Transformer(Weights, new StepLimits(MostRows, MostRows, MaxSequences: 2), _team);
        Parts = [.. Enumerable.Range(0, StageCount).Select(stage => GroupParts.Read(Weights, KindOf(stage), stage / 2))];
        Tokenizer = TokenizerFactory.Create(Weights.File.Metadata);
    }

    internal ModelWeights Weights { get; }

    internal ModelConfig Config => Weights.Config;

    internal ITokenizer Tokenizer { get; }

    /// <summary>SHA-256 of the file, in lower-case hexadecimal digits.</summary>
    internal string Hash { get; }

    internal int StageCount => 2 * Config.LayerCount;

    /// <summary>The groups of each stage.</summary>
    internal IReadOnlyList<GroupParts> Parts { get; }

    internal static PieceKind KindOf(int stage) => stage % 2 == 0 ? PieceKind.Attention : PieceKind.FeedForward;

    internal static string NameOf(int stage) => $"{stage / 2} {(stage % 2 == 0 ? "attention" : "feed-forward")}";

    /// <summary>Computes a sequence from its beginning, chunk by chunk.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="observer">Sees every stage of every chunk.</param>
    /// <param name="scored">Called with each chunk's first position and its logits (rows, vocabulary), where they are wanted.</param>
    /// <param name="chunkDone">Called after each chunk.</param>
    internal void Run(int[] tokens, IStageObserver observer, Action<int, ReadOnlyMemory<float>>? scored = null, Action? chunkDone = null)
    {
        long sequence = _sequence++;
        for (int done = 0; done < tokens.Length; done += MostRows)
        {
            _step.Clear();
            if (done == 0)
            {
                _step.Releases.Add(sequence - 1);
            }

            for (int position = done; position < Math.Min(tokens.Length, done + MostRows); position++)
            {
                if (scored is not null)
                {
                    _step.LogitRows.Add(position - done);
                }

                _step.Rows.Add(new StepRow(sequence, position, tokens[position]));
            }

            ReadOnlySpan<float> logits = _transformer.Forward(_step, observer);
            scored?.Invoke(done, logits.ToArray());
            chunkDone?.Invoke();
        }
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _team.Dispose();
        Weights.Dispose();
    }

    private static string HashOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

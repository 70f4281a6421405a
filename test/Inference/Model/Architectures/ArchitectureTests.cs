using System.Security.Cryptography;
using System.Text.Json;
using Halo.Inference.Model;
using Halo.Inference.Quantization;
using Halo.Inference.Tests.Model.Pieces;

namespace Halo.Inference.Tests.Model.Architectures;

/// <summary>Every architecture gives the logits of its formula, and those that another engine gave for the same file.</summary>
public sealed class ArchitectureTests
{
    private const int TokenCount = 40;

    // Of the largest logit. Weights are f32; what is left is the order of additions.
    private const double FormulaTolerance = 1e-5;

    // The other engine reads its GELU from a table in half precision.
    private const double ReferenceTolerance = 1e-4;
    private const double ReferenceToleranceOfGelu = 1e-3;

    private static readonly StepLimits s_limits = new() { KvType = KvType.F32 }; // the tolerances are those of f32 throughout

    private static readonly Lazy<Dictionary<string, Reference>> s_references = new(() =>
        JsonSerializer.Deserialize<Dictionary<string, Reference>>(
            File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "test", "Inference", "Model", "Architectures", "references.json")), JsonSerializerOptions.Web)!);

    public static TheoryData<string> Names => [.. TinySpecs.All.Select(spec => spec.Name)];

    // Boards, then pieces of every stage.
    public static TheoryData<string, int, int> Cuts
    {
        get
        {
            TheoryData<string, int, int> cuts = [];
            foreach (TinySpec spec in TinySpecs.All)
            {
                cuts.Add(spec.Name, 1, 1);
                cuts.Add(spec.Name, 2, 2);
                cuts.Add(spec.Name, 3, 3);
                cuts.Add(spec.Name, 4, 2); // the first head group of a model with 3 is alone on its board, and a board has none
            }

            return cuts;
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_MadeModel_GivesTheLogitsOfTheFormula(string name)
    {
        TinyModel model = new(TinySpecs.Of(name));
        using TemporaryFile file = model.Write();
        using OpenModel open = new(file.Path, threads: 2, limits: s_limits);
        int[] tokens = Tokens();
        double[][] expected = PlainForward.Logits(model, tokens);
        List<float[]> actual = open.Append(1, 0, tokens, chunk: 7);
        for (int position = 0; position < TokenCount; position++)
        {
            AssertClose(expected[position], actual[position], FormulaTolerance, position);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_MadeModel_GivesTheLogitsOfLlamaCpp(string name)
    {
        Reference reference = s_references.Value[name];
        using TemporaryFile file = new TinyModel(TinySpecs.Of(name)).Write();
        Assert.Equal(reference.Sha256, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.Path))));
        using OpenModel open = new(file.Path, limits: s_limits);
        List<float[]> actual = open.Append(1, 0, Tokens(), chunk: TokenCount);
        Assert.NotEmpty(reference.Logits);
        foreach ((int position, double[] expected) in reference.Logits)
        {
            AssertClose(expected, actual[position], TinySpecs.Of(name).HasGate ? ReferenceTolerance : ReferenceToleranceOfGelu, position);
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Forward_OnBoards_GivesTheLogitsOfTheFormula(string name, int walks, int pieces) =>
        AssertSharded(name, walks, pieces, source: null);

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Forward_OnBoardsThatWereSentPieces_GivesTheLogitsOfTheFormula(string name, int walks, int pieces)
    {
        using PieceSource sent = new(1 << 10);
        AssertSharded(name, walks, pieces, sent.Open);
    }

    private static void AssertSharded(string name, int walks, int pieces, Func<ModelWeights, IShardSource>? source)
    {
        TinyModel model = new(TinySpecs.Of(name));
        using TemporaryFile file = model.Write();
        using ShardedModel boards = new(file.Path, pieces, walks, source, KvType.F32);
        int[] tokens = Tokens();
        double[][] expected = PlainForward.Logits(model, tokens);
        int position = 0;
        foreach (int rows in new[] { 17, 1, 1 })
        {
            Step step = new();
            for (int row = 0; row < rows; row++)
            {
                step.LogitRows.Add(row);
                step.Rows.Add(new StepRow(5, position + row, tokens[position + row]));
            }

            float[][] logits = [.. boards.Forward(step).Chunk(TinySpec.VocabularySize)];
            for (int row = 0; row < rows; row++, position++)
            {
                AssertClose(expected[position], logits[row], FormulaTolerance, position);
            }
        }
    }

    private static int[] Tokens() => [.. Enumerable.Range(0, TokenCount).Select(i => 3 + (i * i * 7 + i * 11) % (TinySpec.VocabularySize - 3))];

    private static void AssertClose(double[] expected, float[] actual, double tolerance, int position)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs);
        double difference = expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(largest > 0.5, $"Logits of position {position} are up to {largest:G3}: they would show little.");
        Assert.True(difference <= tolerance * largest, $"Logits of position {position} differ by {difference / largest:G3} of the largest.");
    }

    private sealed record Reference(string Sha256, Dictionary<int, double[]> Logits);
}

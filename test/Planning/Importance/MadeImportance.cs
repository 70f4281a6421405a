using Halo.Planning.Importance;

namespace Halo.Planning.Tests.Importance;

/// <summary>Small importances with something of everything.</summary>
internal static class MadeImportance
{
    internal const int HiddenSize = 3;

    internal static ModelImportance Create(float special = 0.25f) => new()
    {
        ModelHash = new string('a', 60) + "0123",
        HiddenSize = HiddenSize,
        Stages =
        [
            new StageImportance { Mean = [0.5f, 0.7f], Sensitivity = -0.01f },
            new StageImportance
            {
                Mean = [0.1f, special, 0.9f, 0.4f],
                MeanParts = Numbers(4 * HiddenSize, 1),
                Predictor = new GroupPredictor(HiddenSize, Numbers(4 * HiddenSize, 2), [], Numbers(4, 3)),
                EarlyPredictor = new GroupPredictor(HiddenSize, Numbers(2 * HiddenSize, 4), Numbers(4 * 2, 5), Numbers(4, 6)),
                Surrogates =
                [
                    .. Enumerable.Range(0, 4).Select(
                        group => new GroupSurrogate(Numbers(2 * HiddenSize, 10 + group), Numbers(2 * HiddenSize, 20 + group), Numbers(HiddenSize, 30 + group))),
                ],
                Sensitivity = 0.3f,
            },
        ],
    };

    internal static byte[] Write(ModelImportance importance)
    {
        using MemoryStream stream = new();
        ImportanceFile.Write(stream, importance);
        return stream.ToArray();
    }

    internal static ModelImportance Read(byte[] bytes)
    {
        using MemoryStream stream = new(bytes);
        return ImportanceFile.Read(stream);
    }

    internal static float[] Numbers(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}

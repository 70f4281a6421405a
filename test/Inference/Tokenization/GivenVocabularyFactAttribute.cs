namespace Halo.Inference.Tests.Tokenization;

/// <summary>A fact about a vocabulary that may not be passed on: it is skipped, by name, unless an environment variable names a GGUF file with it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GivenVocabularyFactAttribute : FactAttribute
{
    /// <param name="variable">Names the file.</param>
    /// <param name="vectors">The recorded texts, relative to the shared folder.</param>
    public GivenVocabularyFactAttribute(string variable, string vectors)
    {
        string? path = Environment.GetEnvironmentVariable(variable);
        Skip = path is null ? $"{variable} names no GGUF file with the vocabulary"
            : !File.Exists(path) ? $"{variable} is '{path}', and there is no such file"
            : !File.Exists(TestPaths.Shared(vectors)) ? $"shared file {vectors} is not here" : null;
    }
}
